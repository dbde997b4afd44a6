package accounts

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// credentials reads an account's credentials: Login with Amazon's or an API token. Never both,
// because only one could be sent.
func (f *file) credentials(n *yaml.Node, fields map[string]*yaml.Node, a *Account) {
	token := first(fields, "api_token_env", "api_token_file")
	if token == nil {
		a.ClientID = f.required(n, fields, "client_id", "an account", "the client id from Login with Amazon, or api_token_file for an API token")
		a.ClientSecret = f.secret(n, fields, "client_secret")
		a.RefreshToken = f.secret(n, fields, "refresh_token")
		if u := fields["token_url"]; u != nil {
			if s, ok := f.Text(u, "token_url"); ok {
				f.checkURL(u.Line, s)
				a.TokenURL = s
			}
		}
		return
	}
	for _, key := range []string{"client_id", "client_secret_env", "client_secret_file", "refresh_token_env", "refresh_token_file", "token_url"} {
		if other := fields[key]; other != nil {
			f.Fault(other.Line, "%s is set together with an API token, which is used without Login with Amazon: want one of the two", key)
		}
	}
	a.APIToken, a.TokenURL = f.secret(n, fields, "api_token"), ""
}

// manager reads the manager account and the data set that an account sends to.
func (f *file) manager(n *yaml.Node, fields map[string]*yaml.Node, a *Account) {
	token := first(fields, "api_token_env", "api_token_file")
	if m := fields["manager_account_id"]; m != nil {
		if s, ok := f.Text(m, "manager_account_id"); ok {
			if err := amazon.CheckManagerID(s); err != nil {
				f.Fault(m.Line, "manager_account_id: %v", err)
			}
			a.ManagerID = s
		}
	} else if token != nil {
		f.Fault(token.Line, "an account has an API token and no manager_account_id: want the manager account that the token is for; a DSP advertiser needs client_id, client_secret_file and refresh_token_file")
	}
	switch d := fields["data_set_id"]; {
	case d != nil && token == nil:
		f.Fault(d.Line, "data_set_id is for an account with an API token: want data_set_name, or nothing for Amazon's default")
	case d != nil:
		if s, ok := f.Text(d, "data_set_id"); ok {
			if err := amazon.CheckDataSetID(s); err != nil {
				f.Fault(d.Line, "%v", err)
			}
			a.DataSetID = s
		}
	case token != nil:
		f.Fault(token.Line, "an account has an API token and no data_set_id: want the id of the one data set that the token is for")
	}
	f.ofManager(fields, a, &a.Defaults, n.Line)
}

// ofManager checks that the settings of an account or one of its profiles fit the kind of
// account. line is where to report a wrong contract if nothing else is wrong: 0 for a profile,
// because it is reported for its account.
func (f *file) ofManager(fields map[string]*yaml.Node, of *Account, s *Settings, line int) {
	isToken := of.APIToken != ""
	if d := fields["data_set_name"]; d != nil && isToken {
		f.Fault(d.Line, "data_set_name is set together with an API token, which is good for one data set: want data_set_id of the account alone")
	}
	if d := fields["advertiser_id"]; d != nil && (of.ManagerID != "" || isToken) {
		f.Fault(d.Line, "advertiser_id is in an account that sends for a manager account (manager_account_id): want an account of its own for advertisers, by Login with Amazon")
	}
	if amazon.KnowsAccounts(s.Contract) {
		return
	}
	if c := fields["contract"]; c != nil {
		line = c.Line
	}
	switch {
	case line > 0 && (of.ManagerID != "" || isToken):
		f.Fault(line, "contract is %s, which cannot send for a manager account: want events-v1", s.Contract)
	case s.DataSet != "" && fields["data_set_name"] != nil:
		f.Fault(fields["data_set_name"].Line, "data_set_name is set with contract %s, which has no data sets: want events-v1", s.Contract)
	}
}

// first returns the first of the keys that is present.
func first(fields map[string]*yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n := fields[key]; n != nil {
			return n
		}
	}
	return nil
}

func (f *file) checkURL(line int, s string) {
	if _, err := web.ParseURL(s, 0); err != nil {
		f.Fault(line, "token_url is not a URL that can be used: %s; want one such as https://api.amazon.co.uk/auth/o2/token", err)
	}
}

// secret reads a secret from where the file says it is. In the file itself it would be part of
// every backup and diff of the file.
func (f *file) secret(of *yaml.Node, fields map[string]*yaml.Node, key string) string {
	env, path := fields[key+"_env"], fields[key+"_file"]
	switch {
	case env != nil && path != nil:
		f.Fault(max(env.Line, path.Line), "%s_env and %s_file are both set: want one of them", key, key)
		return ""
	case env != nil:
		name, ok := f.Text(env, key+"_env")
		if !ok {
			return ""
		}
		return f.checked(env.Line, f.env.Getenv(name), fmt.Sprintf("%s_env: the variable %s", key, named(name)))
	case path != nil:
		name, ok := f.Text(path, key+"_file")
		if !ok {
			return ""
		}
		data, err := f.env.ReadFile(name)
		if err != nil {
			f.Fault(path.Line, "%s_file: %v", key, redact.File(err))
			return ""
		}
		if data, err = textfile.Clean(data); err != nil {
			f.Fault(path.Line, "%s_file: %v", key, err)
			return ""
		}
		return f.checked(path.Line, string(data), fmt.Sprintf("%s_file: %s", key, named(name)))
	}
	f.Fault(of.Line, "an account has no %s_file and no %s_env: want one of them", key, key)
	return ""
}

// named returns a name as errors show it, unless the secret itself was entered in place of the
// name.
func named(name string) string {
	if redact.Quote(name) == strconv.Quote(name) {
		return name
	}
	return "the one that is named"
}

func (f *file) checked(line int, secret, where string) string {
	secret = strings.TrimSpace(strings.TrimPrefix(secret, textfile.Mark))
	redact.Secret(secret)
	switch {
	case secret == "":
		f.Fault(line, "%s is empty or not set: want the secret", where)
	case strings.ContainsAny(secret, "\r\n\x00"):
		f.Fault(line, "%s has several lines: want the secret alone", where)
	}
	return secret
}
