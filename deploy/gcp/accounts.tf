# Two accounts as docs/profiles.md describes them: the line's, and a reader's. A third may start the job, and nothing else.

resource "google_service_account" "line" {
  account_id   = "taxi-line"
  display_name = "NYC taxi ELT: runs the line"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "reader" {
  account_id   = "taxi-reader"
  display_name = "NYC taxi ELT: reads the marts"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "scheduler" {
  account_id   = "taxi-scheduler"
  display_name = "NYC taxi ELT: starts the job"
  depends_on   = [google_project_service.api]
}

resource "google_project_iam_member" "line" {
  for_each = toset([
    "roles/bigquery.jobUser",
    "roles/cloudsql.client", # the job's socket to Postgres
  ])
  project = var.project
  role    = each.key
  member  = google_service_account.line.member
}

resource "google_project_iam_member" "reader" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.reader.member
}
