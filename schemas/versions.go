package schemas

import (
	_ "embed"
	"fmt"
)

// Version is a version of TrackLayer's event schema, by our count: the registry numbers
// the versions of a subject by itself.
type Version int

// The versions. Each is fully compatible with those before it: each reads what the
// other wrote. Version 2 added click_captured_at, hashed_email,
// hashed_phone, quantity and gpp. Version 3 added what Amazon's Events API takes
// beyond the guide's contract: aref_tokens, platform, address, the ids of
// identity services, ip_address, user_agent and data_processing. Version 4 added
// amazon_ad_event_key and partner.
const (
	V1     Version = 1
	V2     Version = 2
	V3     Version = 3
	V4     Version = 4
	Latest         = V4
)

//go:embed avro/tracklayer-event-v1.avsc
var avscV1 string

//go:embed avro/tracklayer-event-v2.avsc
var avscV2 string

//go:embed avro/tracklayer-event-v3.avsc
var avscV3 string

//go:embed avro/tracklayer-event-v4.avsc
var avscV4 string

// Versions returns all versions, oldest first: the order to register them in.
func Versions() []Version { return []Version{V1, V2, V3, V4} }

// Schema returns the version's Avro schema (.avsc) as text.
func (v Version) Schema() (string, error) {
	switch v {
	case V1:
		return avscV1, nil
	case V2:
		return avscV2, nil
	case V3:
		return avscV3, nil
	case V4:
		return avscV4, nil
	}
	return "", fmt.Errorf("schema version %d is unknown: want 1 to %d", int(v), int(Latest))
}

// Texts returns the Avro schemas of all versions, oldest first.
func Texts() []string { return []string{avscV1, avscV2, avscV3, avscV4} }

// Subject returns the registry's subject for the values of a topic, as Confluent's
// serializers name it by default.
func Subject(topic string) string { return topic + "-value" }
