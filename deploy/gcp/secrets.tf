# One secret for each setting that is one: taxi-postgres-url for postgres_url. Only the line's account can read them.

resource "google_secret_manager_secret" "setting" {
  for_each  = setunion(["postgres_url"], var.secret_settings)
  secret_id = "taxi-${replace(each.key, "_", "-")}"
  replication {
    auto {}
  }
  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "line" {
  for_each  = google_secret_manager_secret.setting
  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.line.member
}

# By the socket that Cloud Run makes; the connector encrypts what goes through it.
resource "google_secret_manager_secret_version" "postgres_url" {
  secret = google_secret_manager_secret.setting["postgres_url"].id
  secret_data_wo = join("", [
    "postgresql://${google_sql_user.line.name}:${ephemeral.random_password.postgres.result}@/${google_sql_database.taxi.name}",
    "?host=/cloudsql/${google_sql_database_instance.postgres.connection_name}",
  ])
  secret_data_wo_version = var.postgres_password_version
}
