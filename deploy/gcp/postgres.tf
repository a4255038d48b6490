resource "google_sql_database_instance" "postgres" {
  name                = "taxi"
  region              = var.region
  database_version    = "POSTGRES_18"
  deletion_protection = !var.allow_destroy

  settings {
    edition               = "ENTERPRISE" # Enterprise Plus, the default since 16, has dearer machines
    tier                  = var.postgres_tier
    availability_type     = "ZONAL"
    disk_type             = "PD_SSD"
    disk_size             = var.postgres_disk_gb
    disk_autoresize       = true
    connector_enforcement = "REQUIRED" # only who has roles/cloudsql.client can knock

    ip_configuration {
      ipv4_enabled = true # for the job's socket; no network is authorized
      ssl_mode     = "ENCRYPTED_ONLY"
    }

    # The ledger is what cannot land again. Replaying the WAL of all landings would cost more than they do.
    backup_configuration {
      enabled                        = true
      start_time                     = "03:00"
      point_in_time_recovery_enabled = false
      backup_retention_settings {
        retained_backups = 14
      }
    }

    # Those of docs/managed_postgres.md that Cloud SQL takes, with the embedded server's values: kB, MB, seconds.
    dynamic "database_flags" {
      for_each = {
        checkpoint_timeout        = "900"
        jit                       = "off"
        maintenance_work_mem      = "262144"
        max_locks_per_transaction = "256"
        max_wal_size              = "4096"
        work_mem                  = "131072"
      }
      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_sql_database" "taxi" {
  name            = "taxi"
  instance        = google_sql_database_instance.postgres.name
  deletion_policy = "ABANDON" # the instance takes it along
}

ephemeral "random_password" "postgres" {
  length  = 32
  special = false # it stands in a URL
}

resource "google_sql_user" "line" {
  name                = "taxi"
  instance            = google_sql_database_instance.postgres.name
  password_wo         = ephemeral.random_password.postgres.result
  password_wo_version = var.postgres_password_version
  deletion_policy     = "ABANDON" # it owns tables, so Postgres would refuse
}
