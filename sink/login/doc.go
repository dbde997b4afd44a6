// Package login keeps an access token of Login with Amazon in force: it exchanges a
// refresh token early and one exchange at a time, names what is wrong with an answer,
// and says so in metrics and a condition. A missing token never fails an event;
// those who ask wait. What the tokens are sent with, lanes and contracts, is unknown
// here, and a secret leaves only through AccessToken.Secret.
package login
