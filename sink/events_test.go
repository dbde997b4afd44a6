package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

const (
	goldenEmail = "f2d2f6b9c1a04e7d8b3f5a6c9e0d1b2f4a7c8e9d0b1f2a3c4e5d6b7f8a9c0e1d"
	goldenPhone = "7a38c9e4d5b6f7081a2c3e4d5f60718293a4b5c6d7e8f90a1b2c3d4e5f607182"
	goldenMADID = "AEBE52E7-03EE-455A-B3C4-E57283966239"
	goldenClick = "amzn1.click.abc123"
)

func hashOf(s string) (h transform.Hash) {
	copy(h[:], s)
	return h
}

func millis(s string) int64 {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

func purchase() *transform.Conversion {
	return &transform.Conversion{
		ProfileID:    "1234567890",
		EventID:      "ord_10492_purchase",
		Name:         "Purchase",
		EventType:    "PURCHASE",
		ActionSource: "WEBSITE",
		OccurredAt:   millis("2026-04-23T10:15:30Z"),
		ClickID:      goldenClick,
		HashedEmail:  hashOf(goldenEmail),
		HashedPhone:  hashOf(goldenPhone),
		MADID:        goldenMADID,
		CountryCode:  "US",
		PostalCode:   "10001",
		Amount:       schemas.NewDecimal(12995, 2),
		Currency:     "USD",
	}
}

const webPage = "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>"

// The two contracts.
var (
	guide = contractNamed("off-amazon-2023-11-13")
	live  = contractNamed("events-v1")
)

func contractNamed(name string) amazon.Contract {
	c, err := amazon.ContractByName(name)
	if err != nil {
		panic(err)
	}
	return c
}
