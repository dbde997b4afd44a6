package amazon

import (
	"fmt"
	"strings"
)

// Region is one of the three parts into which Amazon Ads divides the world.
type Region uint8

// The regions. RegionUnknown means that none is set.
const (
	RegionUnknown Region = iota
	NorthAmerica
	Europe
	FarEast

	// RegionCount is the number of regions, including RegionUnknown.
	RegionCount
)

var (
	regionNames = [RegionCount]string{NorthAmerica: "NA", Europe: "EU", FarEast: "FE"}
	regionHosts = [RegionCount]string{
		NorthAmerica: "https://advertising-api.amazon.com",
		Europe:       "https://advertising-api-eu.amazon.com",
		FarEast:      "https://advertising-api-fe.amazon.com",
	}
)

// String returns NA, EU or FE; empty for RegionUnknown.
func (r Region) String() string {
	if r >= RegionCount {
		return fmt.Sprintf("Region(%d)", uint8(r))
	}
	return regionNames[r]
}

// Host is the base URL of the region's API.
func (r Region) Host() string { return regionHosts[r] }

// ParseRegion reads NA, EU or FE, in either case.
func ParseRegion(s string) (Region, error) {
	for r := NorthAmerica; r < RegionCount; r++ {
		if strings.EqualFold(s, regionNames[r]) {
			return r, nil
		}
	}
	return RegionUnknown, fmt.Errorf("region %q is unknown: want NA, EU or FE", s)
}

// RegionOf returns the region whose host takes events from a country; RegionUnknown
// for countries without an Amazon Ads marketplace.
func RegionOf(country string) Region {
	switch country {
	case "US", "CA", "MX", "BR":
		return NorthAmerica
	case "GB", "FR", "IT", "ES", "DE", "NL", "AE", "PL", "TR", "EG", "SA", "SE", "BE", "IN", "ZA":
		return Europe
	case "JP", "AU", "SG":
		return FarEast
	}
	return RegionUnknown
}
