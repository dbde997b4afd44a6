// Package setting names the settings of the program, so that errors and remedies can
// say which one is meant. How users give a setting is decided here alone: a room that
// names one never spells a flag. Values, their sources and their checks are in
// package config.
package setting
