package capture

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// checkDomain returns the domain as cookies name it. It refuses domains under which strangers
// can have sites: browsers that know them ignore such a cookie, and others would send the
// click id to the strangers' servers.
func (k *Keeper) checkDomain(given string) (string, error) {
	domain := strings.ToLower(strings.TrimPrefix(given, "."))
	wrong := func(what string) error { return fmt.Errorf("capture: domain %q %s", given, what) }
	if given == "" {
		return "", nil
	}
	if isAddress(domain) {
		return "", wrong("is an address: want a name such as example.com, or none for cookies of the host alone")
	}
	if err := k.cookie(ClickCookie, "x", time.Hour, domain).Valid(); err != nil || domain == "" || domain[0] == '.' || strings.HasSuffix(domain, ".") {
		return "", wrong("is not a name of a domain: want one such as example.com, without scheme and port, in ASCII (xn--… for others) and without a dot at the end")
	}
	// Also if everything under it is one, as under kobe.jp.
	if isPublicSuffix(domain) || isPublicSuffix("any."+domain) {
		return "", wrong("is a public suffix, of sites that are not yours: want a domain under it, such as example." + domain)
	}
	return domain, nil
}

// isAddress reports whether a browser reads a host as an IP address, in any spelling: 127.1,
// 0x7f.1, 0177.0.0.1 and 2130706433 are all 127.0.0.1. By the URL standard, a host whose last
// label is a number (octal, decimal or hexadecimal) is an IPv4 address, or invalid if it does
// not parse as one. No top-level domain is a number.
func isAddress(domain string) bool {
	host := strings.TrimSuffix(strings.TrimPrefix(domain, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(domain, "."), ".")
	last := labels[len(labels)-1]
	if rest, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func isPublicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}
