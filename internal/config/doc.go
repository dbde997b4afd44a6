// Package config turns flags, environment and file into settings: precedence, how secrets
// are read and hidden, and which values are refused. It connects to nothing, and names
// settings by the keys of package setting.
package config
