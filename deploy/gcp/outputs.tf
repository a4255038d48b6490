output "image_repository" {
  description = "Push the image below this address."
  value       = google_artifact_registry_repository.images.registry_uri
}

output "line_account" {
  description = "The account that runs the line."
  value       = google_service_account.line.email
}

output "reader_account" {
  description = "The account that reads the marts on BigQuery."
  value       = google_service_account.reader.email
}

output "postgres" {
  description = "Connection name of Postgres, for the Cloud SQL Auth Proxy."
  value       = google_sql_database_instance.postgres.connection_name
}

output "check" {
  description = "Tries all that a run needs, with the job's account."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.tick.name} --region=${var.region} --args=orchestrate.py,check,--profile,gcp --wait"
}

output "land" {
  description = "Lands all that is missing, side by side, and builds nothing: the ticks do that meanwhile."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.tick.name} --region=${var.region} --tasks=${var.landers} --args=orchestrate.py,land,--profile,gcp"
}

output "tick" {
  description = "Runs the job once, now."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.tick.name} --region=${var.region} --wait"
}
