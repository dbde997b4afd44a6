// Package config turns flags, environment and file into settings of the stages: which
// source wins, how secrets are read and hidden, and which values are refused. It connects
// to nothing, and names settings by the keys of package setting. Commands and package cli
// use it; no stage may import it.
package config
