"""The part of Cloud Storage that google-cloud-storage needs, over a folder."""
