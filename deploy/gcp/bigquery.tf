# The six data sets of docs/profiles.md. Terraform makes them, so the account needs no right to make any.

locals {
  datasets = ["taxi_raw", "taxi_ledger", "taxi_seeds", "taxi_staging", "taxi_intermediate", "taxi_marts"]

  # Each data set that is read, and those whose views may read it for people who have rights on the marts alone.
  authorized = {
    taxi_staging      = ["taxi_marts"]
    taxi_intermediate = ["taxi_marts"]
    taxi_seeds        = ["taxi_marts", "taxi_intermediate"]
    taxi_ledger       = ["taxi_staging"]
  }
  authorizations = merge([
    for read, viewers in local.authorized : { for views in viewers : "${views} reads ${read}" => { read = read, views = views } }
  ]...)
}

resource "google_bigquery_dataset" "line" {
  for_each                   = toset(local.datasets)
  dataset_id                 = each.key
  location                   = var.region
  delete_contents_on_destroy = var.allow_destroy
  depends_on                 = [google_project_service.api]
  lifecycle {
    ignore_changes = [access] # the entries below have resources of their own, and dbt adds entries too
  }
}

# Not google_bigquery_dataset_iam_member: it removes the authorized views. BigQuery stores roles/bigquery.dataEditor as WRITER
# and roles/bigquery.dataViewer as READER, and would show a difference for ever.
resource "google_bigquery_dataset_access" "line" {
  for_each      = google_bigquery_dataset.line
  dataset_id    = each.value.dataset_id
  role          = "WRITER"
  user_by_email = google_service_account.line.email
}

resource "google_bigquery_dataset_access" "reader" {
  dataset_id    = google_bigquery_dataset.line["taxi_marts"].dataset_id
  role          = "READER"
  user_by_email = google_service_account.reader.email
}

resource "google_bigquery_dataset_access" "authorized" {
  for_each   = local.authorizations
  dataset_id = google_bigquery_dataset.line[each.value.read].dataset_id
  authorized_dataset {
    dataset {
      project_id = var.project
      dataset_id = google_bigquery_dataset.line[each.value.views].dataset_id
    }
    target_types = ["VIEWS"]
  }
}
