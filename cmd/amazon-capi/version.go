package main

import (
	"runtime/debug"
)

// buildVersion is set by the linker for releases (-X main.buildVersion=v1.2.3).
var buildVersion string

// version returns the release, or what the module system knows about the build.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
