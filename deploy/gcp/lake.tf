resource "google_storage_bucket" "lake" {
  name                        = var.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.allow_destroy

  # A month that lands again replaces its object. Until then, the old one can be taken back.
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  # No rule by age for the lake's objects: each is a month's only copy here, however old. A check drops what it made; this is
  # for one that was killed.
  lifecycle_rule {
    condition {
      age            = 1
      matches_prefix = ["taxi_check_"]
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_iam_member" "line" {
  for_each = toset([
    "roles/storage.objectAdmin",
    "roles/storage.legacyBucketReader", # storage.buckets.get, for BigQuery's external tables
  ])
  bucket = google_storage_bucket.lake.name
  role   = each.key
  member = google_service_account.line.member
}
