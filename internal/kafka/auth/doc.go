// Package auth authenticates this process to brokers: by a password, an OAuth token, or
// AWS's IAM. Credentials that change while the process runs are renewed here, early, and
// by one connection for all. It makes no client: package kafka does, with what it gets
// from here, and package config reads the settings.
package auth
