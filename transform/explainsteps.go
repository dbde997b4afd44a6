package transform

import (
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// explainSteps are fill's checks, in its order.
var explainSteps = []explainStep{
	{
		ask: func(c *inquiry) (why *verdict.Reason) { c.entry, why = c.t.mapping.resolve(c.ev, c.out); return why },
		rules: []asking{
			rule(verdict.CodeEventNameMissing, nil),
			rule(verdict.CodeFilteredByRule, nil),
			rule(verdict.CodeEventTypeUnknown, (*inquiry).hasType),
			rule(verdict.CodeEventNameUnmapped, func(c *inquiry) bool { return c.t.mapping.unmapped == unmappedReject }),
			rule(verdict.CodeFilteredUnmapped, func(c *inquiry) bool { return c.t.mapping.unmapped == unmappedFilter }),
			rule(verdict.CodeEventNameInvalid, (*inquiry).sendsItsName),
		},
	},
	{
		ask: func(c *inquiry) (why *verdict.Reason) {
			c.denied, why = c.t.checkConsent(&c.ev.Consent, c.out)
			return why
		},
		rules: []asking{
			warn(ConsentUnknown, func(c *inquiry) bool { return given(c.ev.Consent.AdUserData) || given(c.ev.Consent.AdStorage) }),
			rule(verdict.CodeFilteredByConsent, func(c *inquiry) bool { return c.t.consent == ConsentFilter }),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason { return checkEventID(c.ev.EventID, c.out) },
		rules: []asking{
			rule(verdict.CodeEventIDMissing, nil),
			rule(verdict.CodeEventIDTooLong, nil),
			rule(verdict.CodeEventIDInvalid, nil),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason { return c.t.checkProfileID(c.ev.ProfileID, c.out) },
		rules: []asking{
			rule(verdict.CodeProfileIDMissing, nil),
			rule(verdict.CodeProfileIDInvalid, nil),
		},
	},
	{
		needs: (*inquiry).hasEntry,
		ask:   func(c *inquiry) *verdict.Reason { return checkSource(c.ev, c.entry, c.out) },
		rules: []asking{
			rule(verdict.CodeActionSourceMissing, nil),
			rule(verdict.CodeActionSourceUnknown, func(c *inquiry) bool { return given(c.ev.ActionSource) }),
			warn(PlatformUnknown, func(c *inquiry) bool { return given(c.ev.Platform) && c.out.ActionSource == SourceApp }),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason {
			c.out.OccurredAt = c.ev.OccurredAt
			return c.t.checkTime(c.ev.OccurredAt, c.now)
		},
		rules: []asking{
			rule(verdict.CodeOccurredAtMissing, nil),
			rule(verdict.CodeOccurredAtAhead, nil),
			rule(verdict.CodeOccurredAtTooOld, nil),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason {
			why := c.t.checkPlace(&c.ev.User, c.denied.userData, c.out)
			c.noPlace = why != nil
			return why
		},
		rules: []asking{
			rule(verdict.CodeCountryUnknown, func(c *inquiry) bool { return given(c.ev.User.CountryCode) }),
			warn(PostalCodeInvalid, (*inquiry).hasPostalCode),
			rule(verdict.CodePostalCodeWithoutCountry, (*inquiry).hasPostalCode),
		},
	},
	{
		needs: (*inquiry).hasEntry,
		ask:   func(c *inquiry) *verdict.Reason { return checkMoney(&c.ev.Custom, c.entry.value, c.out) },
		rules: []asking{
			rule(verdict.CodeValueMissing, func(c *inquiry) bool { return c.wantsValue() == valueRequired }),
			warn(CurrencyWithoutValue, func(c *inquiry) bool { return c.wantsValue() != valueNone && given(c.ev.Custom.Currency) }),
			rule(verdict.CodeValueNotFinite, (*inquiry).hasValue),
			rule(verdict.CodeValueNegative, (*inquiry).hasPrice),
			rule(verdict.CodeValueTooLong, (*inquiry).hasValue),
			rule(verdict.CodeCurrencyMissing, (*inquiry).hasPrice),
			rule(verdict.CodeCurrencyUnknown, func(c *inquiry) bool { return c.hasValue() && given(c.ev.Custom.Currency) }),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason {
			if !c.denied.userData {
				c.t.email(&c.ev.User, c.out)
			}
			return nil
		},
		rules: []asking{
			warn(EmailInvalid, func(c *inquiry) bool { return !c.denied.userData && given(c.ev.User.Email) }),
			warn(EmailHashInvalid, func(c *inquiry) bool { return c.takesHash(c.ev.User.Email, c.ev.User.HashedEmail, EmailInvalid) }),
		},
	},
	{
		// A number without its calling code is interpreted by the country.
		needs: func(c *inquiry) bool { return !c.noPlace },
		ask: func(c *inquiry) *verdict.Reason {
			if !c.denied.userData {
				c.t.phone(&c.ev.User, c.out)
			}
			return nil
		},
		rules: []asking{
			warn(PhoneInvalid, func(c *inquiry) bool { return !c.denied.userData && given(c.ev.User.Phone) }),
			warn(PhoneHashInvalid, func(c *inquiry) bool { return c.takesHash(c.ev.User.Phone, c.ev.User.HashedPhone, PhoneInvalid) }),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason {
			if !c.denied.userData {
				madid(&c.ev.User, c.out)
			}
			return nil
		},
		rules: []asking{
			warn(MADIDInvalid, (*inquiry).hasMADID),
			warn(MADIDZeros, (*inquiry).hasMADID),
		},
	},
	{
		ask: func(c *inquiry) *verdict.Reason {
			if !c.denied.storage {
				clickID(c.ev, c.out)
			}
			return nil
		},
		rules: []asking{
			warn(ClickIDInvalid, func(c *inquiry) bool { return !c.denied.storage && given(c.ev.ClickID) }),
		},
	},
	{
		wide: true,
		// States are interpreted by their country, too.
		needs: func(c *inquiry) bool { return !c.noPlace },
		ask: func(c *inquiry) *verdict.Reason {
			entry := c.entry
			if entry == nil {
				entry = &unmappedEntry
			}
			c.t.widen(c.ev, entry, c.denied, c.out)
			return nil
		},
		rules: []asking{
			warn(ConsentStringInvalid, func(c *inquiry) bool { return given(c.ev.Consent.TCF) || given(c.ev.Consent.GPP) }),
			warn(DataProcessingUnknown, func(c *inquiry) bool { return given(c.ev.Consent.DataProcessing) }),
			warn(QuantityInvalid, func(c *inquiry) bool { return c.ev.Custom.Quantity != 0 }),
			warn(NameInvalid, personally(func(u *schemas.UserData) bool { return given(u.FirstName) || given(u.LastName) })),
			warn(AddressInvalid, personally(func(u *schemas.UserData) bool { return given(u.Address) || given(u.City) })),
			warn(StateUnknown, personally(func(u *schemas.UserData) bool { return given(u.State) })),
			warn(PartnerIDInvalid, personally(func(u *schemas.UserData) bool {
				return given(u.RampID) || given(u.MatchID) || given(u.RealID) || given(u.MerkleID) || given(u.KantarID) || given(u.FIP)
			})),
			warn(IPAddressInvalid, personally(func(u *schemas.UserData) bool { return given(u.IPAddress) })),
			warn(UserAgentInvalid, personally(func(u *schemas.UserData) bool { return given(u.UserAgent) })),
			warn(AttributeInvalid, (*inquiry).hasAttributes),
			warn(AttributesTooMany, (*inquiry).hasAttributes),
			warn(ArefInvalid, func(c *inquiry) bool { return !c.denied.storage && given(c.ev.ArefTokens) }),
			warn(PartnerInvalid, func(c *inquiry) bool { return given(c.ev.Partner) }),
			warn(AdEventKeyInvalid, func(c *inquiry) bool { return !c.denied.storage && given(c.ev.AmazonAdEventKey) }),
		},
	},
}

// personally is the condition for what consent to the use of the person's data covers.
func personally(when func(*schemas.UserData) bool) func(*inquiry) bool {
	return func(c *inquiry) bool { return !c.denied.userData && when(&c.ev.User) }
}

// hasAttributes: quantity and order reference can be sent as attributes, too.
func (c *inquiry) hasAttributes() bool {
	return !c.denied.userData && (len(c.ev.Custom.Attributes) > 0 || c.t.mapping.attributesOf(c.ev) != nil)
}

// leftOut names the attributes that are left out for a reason, as many as fit on a line.
func (c *inquiry) leftOut(why Warning) string {
	var names []string
	more := 0
	c.t.AttributesLeftOut(c.ev, func(attribute string, w Warning) {
		switch {
		case w != why:
		case len(names) == 10:
			more++
		default:
			names = append(names, quote(attribute))
		}
	})
	text := strings.Join(names, ", ") + " left out"
	if more > 0 {
		text = fmt.Sprintf("%s and %d more left out", strings.Join(names, ", "), more)
	}
	return text
}

// sendsItsName: the mapping gives it no name.
func (c *inquiry) sendsItsName() bool {
	e := c.t.mapping.choose(c.ev, trim(c.ev.EventName))
	return e == nil || e.name == ""
}

func given(s string) bool { return trim(s) != "" }

func (c *inquiry) hasType() bool { return given(c.ev.EventType) }

func (c *inquiry) hasEntry() bool { return c.entry != nil }

func (c *inquiry) hasPostalCode() bool { return !c.denied.userData && given(c.ev.User.PostalCode) }

func (c *inquiry) hasMADID() bool { return !c.denied.userData && given(c.ev.User.MADID) }

func (c *inquiry) wantsValue() valueRule {
	if c.out.EventType == TypePurchase {
		return valueRequired
	}
	return c.entry.value
}

func (c *inquiry) hasValue() bool { return c.wantsValue() != valueNone && c.ev.Custom.Value.IsSet() }

// hasPrice: the value of events other than purchases is for their contract to judge.
func (c *inquiry) hasPrice() bool { return c.hasValue() && c.out.EventType == TypePurchase }

// takesHash: a hash is used only if no raw value was valid.
func (c *inquiry) takesHash(raw, hashed string, rawIsBad Warning) bool {
	return !c.denied.userData && given(hashed) && (!given(raw) || c.out.Warnings.Has(rawIsBad))
}
