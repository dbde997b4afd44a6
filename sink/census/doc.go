// Package census shows what lanes do as metrics, added up: a series for each of thousands of
// profiles is more than a metrics store survives.
package census
