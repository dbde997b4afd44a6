package registry

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// A registry of Confluent's can hold several, its contexts. Each has subjects and ids of
// its own: the same id is another schema there. GUIDs are the same in all.

// contextOf is the context of a subject such as ":.team:orders-value", with the colons;
// empty for one of the default context.
func contextOf(subject string) string {
	if rest, ok := strings.CutPrefix(subject, ":."); ok {
		if name, _, ok := strings.Cut(rest, ":"); ok {
			return ":." + name + ":"
		}
	}
	return ""
}

var contextName = regexp.MustCompile(`^\.[A-Za-z0-9_\-][A-Za-z0-9_.\-]*$`)

// ParseContext returns a context's name as its subjects begin with it, such as
// ":.team:"; empty for the default context. The name may be given so or as .team or
// team.
func ParseContext(name string) (string, error) {
	plain := strings.TrimSuffix(strings.TrimPrefix(name, ":"), ":")
	if plain == "" || plain == "." {
		return "", nil
	}
	if !strings.HasPrefix(plain, ".") {
		plain = "." + plain
	}
	if !contextName.MatchString(plain) {
		return "", fmt.Errorf("%s is not a name of a context: want letters, digits, dots, dashes and underscores, such as .team", redact.Quote(name))
	}
	return ":" + plain + ":", nil
}

// qualified is the subject in the client's context, unless it names one itself.
func (r *Client) qualified(subject string) string {
	if strings.HasPrefix(subject, ":.") {
		return subject
	}
	return r.context + subject
}
