// Package census shows what lanes do as metrics, added up: a series for each of thousands of
// profiles is more than a metrics store survives. It reads what package sink says of its lanes
// when it is scraped, and decides nothing. Verdicts are counted by consumer/tally.
package census
