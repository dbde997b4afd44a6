// Package config turns flags, environment and file into settings: which of them wins,
// how secrets are read and hidden, what values are refused. It connects to nothing,
// and names settings by the keys of package setting.
package config
