package clientprops

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Property is a property as it was given.
type Property struct {
	Name, Value string
	Where       string // such as client.properties:3
}

// Taken is a setting that a property supplied.
type Taken struct {
	Setting  setting.Key
	Value    string // may be a secret
	Property string
	Where    string
}

// Note is an ignored property, and why.
type Note struct{ Property, Where, Why string }

// Result is the outcome of a translation.
type Result struct {
	Taken []Taken
	Notes []Note
}

// Read translates properties. If several mean the same thing, the last one is used. The
// error lists all mistakes, without any value that may be a secret.
func Read(properties []Property) (*Result, error) {
	r := &reader{taken: map[setting.Key]Taken{}}
	var wrong []error
	for _, p := range properties {
		p.Name = strings.TrimSpace(p.Name)
		hide(p.Name, p.Value)
		if err := r.property(p); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %s: %w", p.Where, shown(p.Name), err))
		}
	}
	if err := r.together(); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	result := &Result{Notes: r.notes}
	for _, key := range slices.Sorted(maps.Keys(r.taken)) {
		result.Taken = append(result.Taken, r.taken[key])
	}
	slices.SortStableFunc(result.Notes, func(a, b Note) int { return cmp.Compare(a.Where, b.Where) })
	return result, nil
}

// shown returns a name as an error shows it. What does not look like a property's name
// may be a part of a secret that a broken line left in its place.
func shown(name string) string {
	if len(name) <= 80 && propertyName.MatchString(name) {
		return name
	}
	return "a name of " + count.Of(utf8.RuneCountInString(name), "character")
}

var propertyName = regexp.MustCompile(`^[a-z]+(\.[a-z][a-z0-9_-]*)+$`)

// hide marks a value that may be a secret for redaction.
func hide(name, value string) {
	if !Secret(name) {
		return
	}
	redact.Secret(value)
	if user, password, ok := strings.Cut(value, ":"); ok && strings.HasSuffix(name, "user.info") {
		redact.Credentials(user, password)
	}
}

// Secret reports whether the value of a property may be a secret.
func Secret(name string) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".url") || strings.HasSuffix(name, ".location") || strings.HasSuffix(name, ".file") {
		return false
	}
	for _, word := range []string{"password", "passphrase", "secret", "jaas", "token", "user.info", "keystore.key", "key.pem", "oauthbearer.config"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// reader collects settings.
type reader struct {
	taken    map[setting.Key]Taken
	notes    []Note
	protocol Property // security.protocol
	handler  string   // of the login's callbacks
	now      Property // the property being read
}

// set notes a setting of the property being read.
func (r *reader) set(key setting.Key, value string) {
	r.taken[key] = Taken{key, value, r.now.Name, r.now.Where}
	// The two forms of a secret are one setting.
	if base, ok := strings.CutSuffix(string(key), "-file"); ok {
		delete(r.taken, setting.Key(base))
	} else {
		delete(r.taken, key.File())
	}
}

func (r *reader) note(why string) {
	r.notes = append(r.notes, Note{r.now.Name, r.now.Where, why})
}

const noMeaning = "it has no meaning here"

func (r *reader) property(p Property) error {
	r.now = p
	if take, ok := translated[p.Name]; ok {
		if strings.HasPrefix(p.Value, "${") {
			return errors.New("its value names a provider of Java's, which is not asked here: want the value itself, or the setting of this program that names a file")
		}
		return take(r, p.Value)
	}
	if without[p.Name] || slices.ContainsFunc(families, func(prefix string) bool { return strings.HasPrefix(p.Name, prefix) }) {
		r.note(noMeaning)
		return nil
	}
	if !propertyName.MatchString(p.Name) {
		return errors.New("there is no such property of Kafka's clients (a value that goes on in the next line wants a backslash at the end)" + nearest(p.Name))
	}
	return errors.New("there is no such property of Kafka's clients" + nearest(p.Name))
}

func nearest(name string) string {
	known := func(yield func(string) bool) {
		for k := range translated {
			if !yield(k) {
				return
			}
		}
		for k := range without {
			if !yield(k) {
				return
			}
		}
	}
	best := near.Name(strings.ToLower(name), known, len(name)/3+1) // Kafka's have no capitals
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// together translates what depends on several properties. As in Java and librdkafka,
// settings that the protocol does not use are ignored.
func (r *reader) together() error {
	if strings.Contains(r.handler, "IAMOAuthBearerLoginCallbackHandler") {
		// MSK's tokens by OAUTHBEARER are IAM's signatures in another form, and its
		// listeners accept both.
		if t, ok := r.taken[setting.SASLMechanism]; ok && strings.EqualFold(t.Value, "OAUTHBEARER") {
			t.Value = "AWS_MSK_IAM"
			r.taken[setting.SASLMechanism] = t
		}
	}
	if r.protocol.Name == "" {
		return nil
	}
	r.now = r.protocol
	name := strings.ToUpper(strings.TrimSpace(r.protocol.Value))
	encrypts, authenticates := strings.HasSuffix(name, "SSL"), strings.HasPrefix(name, "SASL_")
	switch name {
	case "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
	default:
		return fmt.Errorf("%s: security.protocol: %s is unknown, want PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", r.now.Where, redact.Quote(r.protocol.Value))
	}
	for _, key := range slices.Sorted(maps.Keys(r.taken)) {
		is := func(prefix string) bool { return strings.HasPrefix(string(key), prefix) }
		if !encrypts && is("tls-") || !authenticates && (is("sasl-") || is("aws-")) {
			t := r.taken[key]
			r.notes = append(r.notes, Note{t.Property, t.Where, "security.protocol=" + name + " does not use it"})
			delete(r.taken, key)
		}
	}
	r.set("tls", fmt.Sprint(encrypts))
	if _, ok := r.taken[setting.SASLMechanism]; authenticates && !ok {
		r.set(setting.SASLMechanism, "GSSAPI") // their default
	}
	return nil
}
