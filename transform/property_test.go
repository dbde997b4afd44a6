package transform

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// breach says which rule of the contract a conversion breaks, "" for none. It is
// written from the contract and not from the transform.
func breach(c *Conversion) string {
	isHash := func(h Hash) bool {
		return h == Hash{} || strings.Trim(string(h[:]), "0123456789abcdef") == "" && string(h[:]) != hashOfNothing
	}
	text := func(s string) bool {
		return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	latest := now.Add(DefaultMaxAhead).UnixMilli()
	switch {
	case c.ProfileID == "" || len(c.ProfileID) > 64 || strings.ContainsAny(c.ProfileID, " \r\n:"):
		return "profile id"
	case strings.TrimSpace(c.EventID) == "" || utf8.RuneCountInString(c.EventID) > 512 || !text(c.EventID):
		return "event id"
	case strings.TrimSpace(c.Name) == "" || utf8.RuneCountInString(c.Name) > 256 || !text(c.Name):
		return "name"
	case !slices.Contains(eventTypes[:], c.EventType):
		return "event type"
	case !slices.Contains([]string{"WEBSITE", "APP", "OFFLINE", "MEASUREMENT_ATTRIBUTION_PARTNER"}, c.ActionSource):
		return "action source"
	case c.OccurredAt < 946684800000 || c.OccurredAt > latest:
		return "time"
	case !text(c.ClickID) || strings.TrimSpace(c.ClickID) != c.ClickID:
		return "click id"
	case !isHash(c.HashedEmail) || !isHash(c.HashedPhone):
		return "hash"
	case c.MADID != "" && len(c.MADID) != 36:
		return "madid"
	case c.CountryCode != "" && (len(c.CountryCode) != 2 || strings.ToUpper(c.CountryCode) != c.CountryCode):
		return "country"
	case !text(c.PostalCode) || strings.TrimSpace(c.PostalCode) != c.PostalCode:
		return "postal code"
	case c.PostalCode != "" && c.CountryCode == "":
		return "postal code without country"
	case !c.Amount.IsSet() && c.Currency != "":
		return "amount and currency"
	case c.Amount.IsSet() && !c.Amount.IsFinite():
		return "amount"
	case c.Currency != "" && (len(c.Currency) != 3 || strings.ToUpper(c.Currency) != c.Currency):
		return "currency"
	case c.EventType == "PURCHASE" && (!c.Amount.IsSet() || c.Amount.Sign() < 0 || c.Currency == ""):
		return "amount of a purchase"
	}
	return wideBreach(c)
}

// wideBreach is breach for what wide contracts send.
func wideBreach(c *Conversion) string {
	hash := func(h Hash) bool {
		return h == Hash{} || strings.Trim(string(h[:]), "0123456789abcdef") == "" && string(h[:]) != hashOfNothing
	}
	for _, h := range []Hash{c.FirstName, c.LastName, c.Address, c.City, c.State, c.HashedPostal} {
		if !hash(h) {
			return "hash"
		}
	}
	for _, s := range []string{c.RampID, c.MatchID, c.RealID, c.MerkleID, c.KantarID, c.FIP, c.UserAgent, c.Consent.TCF, c.Consent.GPP} {
		if !utf8.ValidString(s) || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "text"
		}
	}
	word := regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	for _, a := range c.Attributes.All() {
		if !word.MatchString(a.Name) || !word.MatchString(a.Value) && (a.Value != "" || a.Number < 0) {
			return "attribute"
		}
	}
	switch {
	case c.ArefTokens != "" && !regexp.MustCompile(`^[A-Za-z0-9]{10}\.[0-9]{13}(\|[A-Za-z0-9]{10}\.[0-9]{13})*$`).MatchString(c.ArefTokens):
		return "aref tokens"
	case c.Units < 0:
		return "units"
	case utf8.RuneCountInString(c.UserAgent) > 512:
		return "user agent"
	case c.Platform != "" && (c.ActionSource != "APP" || !slices.Contains([]string{"ANDROID", "IOS", "FIRE_TV"}, c.Platform)):
		return "platform"
	case c.Consent.UserData == "DENIED" && (c.FirstName.IsSet() || c.LastName.IsSet() || c.Address.IsSet() || c.City.IsSet() || c.State.IsSet() ||
		c.HashedPostal.IsSet() || c.RampID+c.MatchID+c.RealID+c.MerkleID+c.KantarID+c.FIP+c.UserAgent+c.Consent.IPAddress != "" || len(c.Attributes.All()) > 0):
		return "consent to user data"
	case c.Consent.Storage == "DENIED" && c.ArefTokens != "":
		return "consent to storage"
	}
	return ""
}

// checkOutcome holds one transform to what is true of all of them.
func checkOutcome(t interface {
	Helper()
	Fatalf(string, ...any)
}, tr *Transformer, ev *schemas.Event) (Conversion, verdict.Reason, bool) {
	t.Helper()
	before := *ev
	var out Conversion
	reason, ok := tr.Transform(ev, now, &out)

	again := Conversion{EventID: "left over", HashedEmail: sha("left over"), Warnings: 1 << 30}
	if r, o := tr.Transform(ev, now, &again); r != reason || o != ok || again != out {
		t.Fatalf("a second transform differs: %v, then %v", reason, r)
	}
	if !sameEvent(&before, ev) {
		t.Fatalf("the event was changed")
	}

	if !ok {
		codes := verdict.CodesBy("transform")
		i := slices.IndexFunc(codes, func(e verdict.Entry) bool { return e.Name == reason.Code && e.Class == reason.Class })
		if i < 0 || reason.Message == "" || !strings.HasPrefix(reason.Field, codes[i].Field) {
			t.Fatalf("reason %+v is not registered", reason)
		}
		if out != (Conversion{}) {
			t.Fatalf("%s leaves something in out", reason.Code)
		}
		if !utf8.ValidString(reason.Message) || strings.ContainsAny(reason.Message, "\r\n\x00") || len(reason.Message) > 512 {
			t.Fatalf("message %q cannot be a header", reason.Message)
		}
		return out, reason, ok
	}
	if b := breach(&out); b != "" {
		t.Fatalf("the contract's rule for %s is broken", b)
	}
	if out.EventID != ev.EventID || out.ProfileID != ev.ProfileID || out.OccurredAt != ev.OccurredAt {
		t.Fatalf("id, profile or time was changed")
	}
	return out, reason, ok
}

// sameEvent compares what the transform reads; events hold a slice and big
// integers, and are not comparable.
func sameEvent(a, b *schemas.Event) bool {
	return a.EventID == b.EventID && a.ProfileID == b.ProfileID && a.EventName == b.EventName && a.EventType == b.EventType &&
		a.ActionSource == b.ActionSource && a.OccurredAt == b.OccurredAt && a.ClickID == b.ClickID && a.User == b.User &&
		a.Consent == b.Consent && a.Custom.Currency == b.Custom.Currency && a.Custom.Value == b.Custom.Value
}

// leaks reports whether any text that leaves the transform contains secret.
func leaks(secret string, out *Conversion, reason verdict.Reason) bool {
	if len(secret) < 4 { // too short to be anybody's, and found by chance
		return false
	}
	for _, s := range []string{
		out.ProfileID, out.EventID, out.Name, out.EventType, out.ActionSource, out.ClickID, string(out.HashedEmail[:]), string(out.HashedPhone[:]),
		out.MADID, out.CountryCode, out.PostalCode, out.Currency, string(out.FirstName[:]), string(out.LastName[:]), string(out.City[:]), reason.Code, reason.Field, reason.Message,
	} {
		if strings.Contains(s, secret) {
			return true
		}
	}
	return false
}

// genEvent draws events of which every field is good, odd or bad. What may be
// refused is good in half of them, since a rule is only reached by what the
// rules before it let through.
func genEvent() *rapid.Generator[*schemas.Event] {
	odd := func(t *rapid.T, label string, good ...string) string {
		switch rapid.IntRange(0, 19).Draw(t, label+" kind") {
		case 0:
			return rapid.String().Draw(t, label)
		case 1:
			return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label))
		case 2:
			return rapid.SampledFrom([]string{"", " ", "\u200b", "\x00", "null", "undefined"}).Draw(t, label)
		}
		return rapid.SampledFrom(good).Draw(t, label)
	}
	return rapid.Custom(func(t *rapid.T) *schemas.Event {
		ev := newEvent()
		ev.EventID = rapid.SampledFrom([]string{"ord_1", "Ω-7", strings.Repeat("x", 512)}).Draw(t, "event id")
		ev.EventName = rapid.SampledFrom([]string{"Purchase", "order_completed", "LEAD", "Subscribe", "ViewContent"}).Draw(t, "name")
		ev.OccurredAt = rapid.Int64Range(earliest, now.UnixMilli()+600000).Draw(t, "time")
		ev.Custom.Value = schemas.NewDecimal(rapid.Int64Min(0).Draw(t, "cents"), 4)
		ev.ClickID = odd(t, "click id", "", "amzn1.click.abc123")
		ev.User.Email = odd(t, "email", "Jane.Doe+x@Example.com", "jane@example", "@@")
		ev.User.HashedEmail = odd(t, "hashed email", "", hashOfNothing, strings.Repeat("AB", 32))
		ev.User.Phone = odd(t, "phone", "+1 (555) 123-4567", "020 7946 0958", "5551234567", "1234")
		ev.User.HashedPhone = odd(t, "hashed phone", "", hashOfNothing, strings.Repeat("0f", 32))
		ev.User.MADID = odd(t, "madid", "", "AEBE52E7-03EE-455A-B3C4-E57283966239")
		ev.User.CountryCode = rapid.SampledFrom([]string{"US", "gb", "IN", "DE", "AQ"}).Draw(t, "country")
		ev.User.PostalCode = odd(t, "postal code", "", "10001", "SW1A 1AA")
		ev.Platform = odd(t, "platform", "", "", "ios", "Fire TV")
		ev.ArefTokens = odd(t, "aref", "", "aB3dE6gH9k.1776938990000", "aB3dE6gH9k.1776938990000|zzzzzzzzz0.1776938990001", "aB3dE6gH9k.1776938990000|")
		u := &ev.User
		u.FirstName, u.LastName = odd(t, "first name", "", "José", "李"), odd(t, "last name", "", "O'Brien", hashOfNothing)
		u.Address, u.City = odd(t, "address", "", "1 Market St"), odd(t, "city", "", "San Francisco", "Köln")
		u.State = odd(t, "state", "", "California", "ny", "US-CA", "Bayern")
		u.RampID, u.MatchID, u.FIP = odd(t, "ramp id", "", "XY1000abc"), odd(t, "match id", "", "cust-7"), odd(t, "fip", "", "f 1")
		u.RealID, u.MerkleID, u.KantarID = odd(t, "real id", "", "r"), odd(t, "merkle id", "", "m"), odd(t, "kantar id", "", "k")
		u.IPAddress = odd(t, "ip", "", "192.0.2.1", "2001:db8::1", "fe80::1%eth0", "192.0.2.256")
		u.UserAgent = odd(t, "user agent", "", "Mozilla/5.0 (X11)", strings.Repeat("u", 513))
		ev.Consent.TCF, ev.Consent.GPP = odd(t, "tcf", "", "CQPlaceholder"), odd(t, "gpp", "", "DBAA")
		ev.Consent.DataProcessing = odd(t, "processing", "", "LDU", "limited_data_use")
		ev.Custom.Quantity = rapid.SampledFrom([]int64{0, 1, 3, -1, math.MaxInt32 + 1}).Draw(t, "quantity")
		for i := range rapid.IntRange(0, 15).Draw(t, "attributes") {
			ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: fmt.Sprintf("k%02d", i), Value: odd(t, "attribute", "brand_x", "7")})
		}
		ev.Consent.AdUserData = odd(t, "user data", "", "", "", "GRANTED", "denied", "DENIED")
		ev.Consent.AdStorage = odd(t, "storage", "", "", "", "GRANTED", "denied", "DENIED")
		if rapid.Bool().Draw(t, "tame") {
			return ev
		}
		ev.EventID = odd(t, "wild event id", ev.EventID)
		ev.ProfileID = odd(t, "wild profile", "1234567890", "a.b-c_d")
		ev.EventName = odd(t, "wild name", ev.EventName, "Something")
		ev.EventType = odd(t, "wild type", "", "PURCHASE", "lead", "Add To Cart", "CompleteRegistration")
		ev.ActionSource = odd(t, "wild source", "WEBSITE", "APP", "web")
		ev.User.CountryCode = odd(t, "wild country", "", ev.User.CountryCode)
		ev.Custom.Currency = odd(t, "wild currency", "", "USD", "eur", "XYZ")
		if rapid.Bool().Draw(t, "other time") {
			ev.OccurredAt = rapid.SampledFrom([]int64{0, -1, 1, earliest - 1, math.MaxInt64, math.MinInt64}).Draw(t, "wild time")
		}
		ev.Custom.Value = rapid.OneOf(
			rapid.Just(ev.Custom.Value),
			rapid.Just(schemas.Decimal{}),
			rapid.Map(rapid.Float64(), func(f float64) schemas.Decimal { return schemas.DecimalFromFloat(f, 64) }),
			rapid.Just(schemas.DecimalFromFloat(math.Inf(1), 64)),
		).Draw(t, "wild value")
		return ev
	})
}

func eachTransformer(t testing.TB) []*Transformer {
	var all []*Transformer
	for _, rules := range []IdentifierRules{RulesAmazon, RulesPlain} {
		for _, policy := range []ConsentPolicy{ConsentStrip, ConsentFilter} {
			for _, wide := range []bool{false, true} {
				all = append(all, newTransformer(t, Options{Identifiers: rules, ConsentDenied: policy, Wide: wide}))
			}
		}
	}
	return all
}

func TestEveryOutcome(t *testing.T) {
	all := eachTransformer(t)
	gen := genEvent()
	rapid.Check(t, func(t *rapid.T) {
		ev := gen.Draw(t, "event")
		for _, tr := range all {
			out, _, ok := checkOutcome(t, tr, ev)
			if !ok {
				continue
			}
			if (ev.Consent.AdUserData == "DENIED" || ev.Consent.AdUserData == "denied") &&
				(out.HashedEmail.IsSet() || out.HashedPhone.IsSet() || out.MADID != "" || out.PostalCode != "") {
				t.Fatalf("an identifier is sent without consent")
			}
			if (ev.Consent.AdStorage == "DENIED" || ev.Consent.AdStorage == "denied") && out.ClickID != "" {
				t.Fatalf("the click id is sent without consent")
			}
		}
	})
}

// TestIdentifiersLeaveOnlyAsHashes puts an address and a number where they
// belong and, as producers do, into a field where they do not.
func TestIdentifiersLeaveOnlyAsHashes(t *testing.T) {
	all := eachTransformer(t)
	gen := genEvent()
	misplaced := []func(*schemas.Event) *string{
		func(e *schemas.Event) *string { return new(string) }, // nowhere
		func(e *schemas.Event) *string { return &e.EventName },
		func(e *schemas.Event) *string { return &e.EventType },
		func(e *schemas.Event) *string { return &e.ActionSource },
		func(e *schemas.Event) *string { return &e.User.CountryCode },
		func(e *schemas.Event) *string { return &e.User.HashedEmail },
		func(e *schemas.Event) *string { return &e.User.HashedPhone },
		func(e *schemas.Event) *string { return &e.User.MADID },
		func(e *schemas.Event) *string { return &e.Custom.Currency },
		func(e *schemas.Event) *string { return &e.Consent.AdUserData },
		func(e *schemas.Event) *string { return &e.Consent.AdStorage },
	}
	rapid.Check(t, func(t *rapid.T) {
		ev := gen.Draw(t, "event")
		email := rapid.StringMatching(`q[A-Z]{3,8}[0-9]?@[a-z]{3,8}\.(com|de)`).Draw(t, "address")
		phone := rapid.StringMatching(`\+1 \(?[2-9][0-9]{2}\)? [2-9][0-9]{2}-[0-9]{4}`).Draw(t, "number")
		ev.User.Email, ev.User.Phone = email, phone
		field := rapid.SampledFrom(misplaced).Draw(t, "field")
		*field(ev) = rapid.SampledFrom([]string{email, phone}).Draw(t, "misplaced")
		if *field(ev) == ev.EventName && ev.EventType != "" {
			// A name with a type is sent as it came; that is what it is for.
			ev.EventType = ""
		}
		for _, tr := range all {
			out, reason, _ := checkOutcome(t, tr, ev)
			for _, secret := range []string{email, strings.ToLower(email), phone, phone[3:], strings.Trim(phone, "+1 ")} {
				if leaks(secret, &out, reason) {
					t.Fatalf("an identifier is in the conversion or in reason %s", reason.Code)
				}
			}
		}
	})
}

// TestHashedAgain: sending on what was sent before changes nothing.
func TestHashedAgain(t *testing.T) {
	tr := newTransformer(t, Options{})
	gen := genEvent()
	rapid.Check(t, func(t *rapid.T) {
		ev := gen.Draw(t, "event")
		out, _, ok := checkOutcome(t, tr, ev)
		if !ok {
			t.SkipNow()
		}
		next := *ev
		next.EventName, next.EventType, next.ActionSource = out.Name, out.EventType, out.ActionSource
		next.ClickID = out.ClickID
		next.User = schemas.UserData{
			Email: hashText(out.HashedEmail), Phone: hashText(out.HashedPhone), MADID: out.MADID,
			CountryCode: out.CountryCode, PostalCode: out.PostalCode,
		}
		next.Custom.Value, next.Custom.Currency = out.Amount, out.Currency
		again, reason, ok := checkOutcome(t, tr, &next)
		if !ok {
			t.Fatalf("what was sent is refused: %s", reason.Code)
		}
		again.Warnings, out.Warnings = 0, 0
		if again != out {
			t.Fatalf("what was sent changes:\n%s", diff(out, again))
		}
	})
}

func hashText(h Hash) string {
	if !h.IsSet() {
		return ""
	}
	return string(h[:])
}

// TestConcurrentUse is for the race detector, and for any scratch memory that
// two events might share.
func TestConcurrentUse(t *testing.T) {
	tr := newTransformer(t, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ev := newEvent()
			ev.User.Email = strings.Repeat("j", i+1) + "@example.com"
			ev.User.Phone, ev.User.CountryCode = []string{"0171 1234567", "030 123456"}[i%2], "DE"
			want, phone := sha(ev.User.Email), sha([]string{"491711234567", "4930123456"}[i%2])
			for range 200 {
				var out Conversion
				if _, ok := tr.Transform(ev, now, &out); !ok || out.HashedEmail != want || out.HashedPhone != phone {
					t.Error("a conversion made beside others is wrong")
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestOutputOutlivesTheNextEvent: what out held is not written over when the
// transformer and the event are used again.
func TestOutputOutlivesTheNextEvent(t *testing.T) {
	tr := newTransformer(t, Options{})
	ev := newEvent()
	first := convert(t, tr, ev)
	kept := first
	ev.Reset()
	*ev = *newEvent()
	ev.EventID, ev.ClickID, ev.User.PostalCode, ev.User.CountryCode, ev.OccurredAt = "other", "other", "SW1A", "gb", now.Add(-time.Hour).UnixMilli()
	convert(t, tr, ev)
	if first != kept {
		t.Error("a later event changed an earlier conversion")
	}
}
