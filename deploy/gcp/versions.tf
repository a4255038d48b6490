# The line on Google Cloud. NEVER APPLIED: nobody has run `terraform apply` on these files. README.md says what was checked.

terraform {
  required_version = ">= 1.11" # write-only arguments: the password of Postgres is in no state file
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.33" # the first ones have no ephemeral disk for jobs
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7" # ephemeral passwords
    }
  }
}

provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project # the Budget API asks a person's login for it
  user_project_override = true
}

resource "google_project_service" "api" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudresourcemanager.googleapis.com", # Terraform's own, to grant roles on the project
    "cloudscheduler.googleapis.com",
    "iam.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
  ])
  service            = each.key
  disable_on_destroy = false # others in the project may use it
}
