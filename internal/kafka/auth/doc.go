// Package auth authenticates this process to brokers: by a password, an OAuth token, or
// AWS's IAM. Credentials that change while the process runs are renewed here, early, and
// by one connection for all.
package auth
