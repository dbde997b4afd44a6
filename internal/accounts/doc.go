// Package accounts knows the Login with Amazon accounts that send events and the Ads
// profiles that each may send for, from a file that may change while the program runs, or
// from the flags of a single account. It gives each profile its route, and tells the sink
// when it changes. Package sink/login keeps tokens valid, and nothing here sends.
package accounts
