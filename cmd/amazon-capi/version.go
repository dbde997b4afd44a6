package main

import "github.com/tracklayer/amazon-capi/internal/cli"

// buildVersion is set by the linker for releases (-X main.buildVersion=v1.2.3).
var buildVersion string

func version() string { return cli.Version(buildVersion) }
