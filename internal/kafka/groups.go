package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// maxGroups bounds the groups that are examined for a topic, and maxNamed those that are named.
const (
	maxGroups = 500
	maxNamed  = 5
)

// Readers returns the groups that have committed offsets of a topic, as far as they are
// visible, and whether the given one is among them. To the brokers, a misspelt --group is
// a new group, which begins at the start of the topic and delivers all of it again; only
// the other groups reveal the mistake.
func Readers(ctx context.Context, admin *kadm.Client, topic, group string) (others []string, known bool, err error) {
	has := func(o kadm.OffsetResponses) bool {
		for _, p := range o[topic] {
			if p.Err == nil && p.At >= 0 {
				return true
			}
		}
		return false
	}
	own, err := admin.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, false, fmt.Errorf("the offsets of group %q cannot be read: %w", group, redact.Wrap(err))
	}
	if has(own) {
		return nil, true, nil
	}
	listed, err := admin.ListGroups(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("groups cannot be listed: %w", redact.Wrap(err))
	}
	names := slices.DeleteFunc(listed.Groups(), func(name string) bool {
		return name == group || strings.HasPrefix(name, "amazon-capi-replay-") // which end by themselves
	})
	slices.Sort(names)
	names = names[:min(len(names), maxGroups)]
	if len(names) == 0 {
		return nil, false, nil
	}
	for name, o := range admin.FetchManyOffsets(ctx, names...) {
		if o.Err == nil && has(o.Fetched) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return others, false, nil
}

// Named lists a few of many groups.
func Named(groups []string) string {
	if more := len(groups) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(groups[:maxNamed], ", "), more)
	}
	return strings.Join(groups, ", ")
}
