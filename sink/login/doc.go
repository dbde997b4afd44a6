// Package login keeps a Login with Amazon access token valid: it exchanges a refresh token
// early, one exchange at a time, diagnoses faulty answers, and reports them in metrics and a
// condition. A missing token never fails an event; callers wait. It knows nothing of lanes
// and contracts, and a secret leaves it only through AccessToken.Secret.
package login
