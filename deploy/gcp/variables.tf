variable "project" {
  description = "ID of the Google Cloud project, best one of its own: BigQuery's data sets have fixed names."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "Write a project ID, such as my-taxi-data: not its name, not its number."
  }
}

variable "region" {
  description = "Region of everything: the bucket, BigQuery, Postgres and the job. Reading the lake is free within one region."
  type        = string
  default     = "us-central1"
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Write one region, such as us-central1. A multi-region such as US has no job and no Postgres."
  }
}

variable "bucket" {
  description = "Name of the lake's bucket, which no other bucket in the world may have."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "Write 3 to 63 lower case letters, digits and hyphens."
  }
}

variable "image" {
  description = "Image of the project with its tag or digest; its working directory holds orchestrate.py."
  type        = string
  validation {
    condition     = can(regex("(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Write image:tag or image@sha256:…, and another tag than latest."
  }
}

variable "schedule" {
  description = "When the job looks for new and republished months: cron, in UTC."
  type        = string
  default     = "17 * * * *"
  validation {
    condition     = length(split(" ", var.schedule)) == 5
    error_message = "Write five fields of cron, such as 17 * * * *."
  }
}

variable "settings" {
  description = "More settings of settings.toml by their names, such as { datasets = \"green,yellow\" }. No secrets."
  type        = map(string)
  default     = {}
  validation {
    condition = alltrue([for name in keys(var.settings) : can(regex("^[a-z_]+$", name))]) && length(setintersection(
      keys(var.settings),
      ["profile", "bucket", "bigquery_project", "bigquery_location", "state_dir", "postgres_url", "alert_urls", "ping_url"]
    )) == 0
    error_message = "Write names as in settings.toml. These files set the bucket, the project and the folder; secrets go into secret_settings."
  }
}

variable "secret_settings" {
  description = "Settings besides postgres_url whose values are secrets: README.md says how to write them."
  type        = set(string)
  default     = []
  validation {
    condition     = length(setsubtract(var.secret_settings, ["alert_urls", "ping_url", "otlp_endpoint", "openlineage_url"])) == 0
    error_message = "Choose from alert_urls, ping_url, otlp_endpoint and openlineage_url."
  }
}

variable "memory_gib" {
  description = "Memory of the job. A run takes 0.4 GB at most (docs/scale.md); files outside of the disk below count as memory."
  type        = number
  default     = 2
  validation {
    condition     = var.memory_gib >= 1 && var.memory_gib <= 8
    error_message = "Write 1 to 8: two CPUs take 8 GiB at most."
  }
}

variable "disk_gib" {
  description = "Disk of the job, for downloads and scratch files. `plan` says what each month takes; the largest needs 3 GiB."
  type        = number
  default     = 10
  validation {
    condition     = var.disk_gib >= 10
    error_message = "Write 10 or more: Cloud Run gives no less. More than 10 needs a quota."
  }
}

variable "timeout_hours" {
  description = "After so many hours a job is ended; the next one goes on from there."
  type        = number
  default     = 24
  validation {
    condition     = var.timeout_hours >= 1 && var.timeout_hours <= 168
    error_message = "Write 1 to 168: Cloud Run ends a task after 7 days."
  }
}

variable "landers" {
  description = "Tasks of `terraform output land`, which land side by side. Each takes up to 4 connections of Postgres."
  type        = number
  default     = 4
  validation {
    condition     = var.landers >= 1 && var.landers <= 50 && floor(var.landers) == var.landers
    error_message = "Write 1 to 50: more only wait for Postgres (docs/scale.md)."
  }
}

variable "postgres_tier" {
  description = "Machine of Postgres: db-custom-<CPUs>-<MB>."
  type        = string
  default     = "db-custom-2-7680"
  validation {
    condition     = can(regex("^db-(custom-[0-9]+-[0-9]+|g1-small)$", var.postgres_tier))
    error_message = "Write db-custom-2-7680 or the like. db-f1-micro has too little memory for work_mem."
  }
}

variable "postgres_disk_gb" {
  description = "Disk of Postgres at first; it grows by itself, and never shrinks. A million rows take 0.5 GB, the newest three months of all data sets 36 GB."
  type        = number
  default     = 50
  validation {
    condition     = var.postgres_disk_gb >= 10
    error_message = "Write 10 or more: Cloud SQL gives no less."
  }
}

variable "postgres_password_version" {
  description = "Add 1 for another password of Postgres."
  type        = number
  default     = 1
  validation {
    condition     = var.postgres_password_version >= 1
    error_message = "Write 1 or more."
  }
}

variable "soft_delete_days" {
  description = "For so many days the bucket keeps objects that were replaced or deleted; they are billed as stored."
  type        = number
  default     = 7
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "Write 0 for none, or 7 to 90."
  }
}

variable "billing_account" {
  description = "ID of the billing account that gets the budget alert, such as 012345-6789AB-CDEF01; empty: no alert."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})?$", var.billing_account))
    error_message = "Write it as `gcloud billing accounts list` shows it."
  }
}

variable "budget" {
  description = "Amount a month, in the billing account's currency, at whose shares Google sends mail. It stops nothing."
  type        = number
  default     = 150
  validation {
    condition     = var.budget >= 1 && floor(var.budget) == var.budget
    error_message = "Write a whole number, 1 or more."
  }
}

variable "allow_destroy" {
  description = "Whether `terraform destroy` may delete the bucket with its objects, the data sets with their tables, and Postgres."
  type        = bool
  default     = false
}
