resource "google_artifact_registry_repository" "images" {
  repository_id = "taxi"
  location      = var.region
  format        = "DOCKER"
  depends_on    = [google_project_service.api]
}

# What has to stay is in Postgres, the bucket and BigQuery. The disk goes with the job.
resource "google_cloud_run_v2_job" "tick" {
  name                = "taxi-tick"
  location            = var.region
  deletion_protection = !var.allow_destroy

  template {
    template {
      service_account       = google_service_account.line.email
      timeout               = "${var.timeout_hours * 3600}s"
      max_retries           = 0 # the next tick does what this one left
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      containers {
        image   = var.image
        command = ["python"]
        args    = ["orchestrate.py", "tick", "--profile", "gcp"]
        resources {
          limits = {
            cpu    = "2"
            memory = "${var.memory_gib}Gi"
          }
        }

        dynamic "env" {
          for_each = merge({ for name, value in var.settings : "TAXI_${upper(name)}" => value }, {
            TAXI_BIGQUERY_LOCATION = var.region
            TAXI_BIGQUERY_PROJECT  = var.project
            TAXI_BUCKET            = google_storage_bucket.lake.name
            TAXI_STATE_DIR         = "/scratch/taxi"
          })
          content {
            name  = env.key
            value = env.value
          }
        }
        dynamic "env" {
          for_each = google_secret_manager_secret.setting
          content {
            name = "TAXI_${upper(env.key)}"
            value_source {
              secret_key_ref {
                secret  = env.value.secret_id
                version = "latest"
              }
            }
          }
        }

        volume_mounts {
          name       = "scratch"
          mount_path = "/scratch"
        }
        volume_mounts {
          name       = "cloudsql"
          mount_path = "/cloudsql"
        }
      }

      volumes {
        name = "scratch"
        empty_dir {
          medium     = "DISK"
          size_limit = "${var.disk_gib}Gi"
        }
      }
      volumes {
        name = "cloudsql"
        cloud_sql_instance {
          instances = [google_sql_database_instance.postgres.connection_name]
        }
      }
    }
  }
  depends_on = [
    google_bigquery_dataset_access.authorized,
    google_bigquery_dataset_access.line,
    google_project_iam_member.line,
    google_secret_manager_secret_iam_member.line,
    google_secret_manager_secret_version.postgres_url,
    google_storage_bucket_iam_member.line,
  ]
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.tick.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "tick" {
  name      = "taxi-tick"
  region    = var.region
  schedule  = var.schedule
  time_zone = "Etc/UTC"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project}/locations/${var.region}/jobs/${google_cloud_run_v2_job.tick.name}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
  depends_on = [google_project_service.api, google_cloud_run_v2_job_iam_member.scheduler]
}
