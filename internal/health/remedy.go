package health

import (
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// remedies say what to do about a failing condition, by the first words of its name: the
// rest names accounts and lanes.
var remedies = []struct{ name, do string }{
	{"accounts file", "Fix the file on the line that the reason names. The previous accounts stay in force until then."},
	{"assignment", "Wait for the group to rebalance. If it lasts, look at the group's members and at the brokers."},
	{"brokers", "Look at the brokers and at " + setting.Brokers.String() + ". Everything goes on by itself once they answer."},
	{"commits", "Look at the brokers and at what the user may do with " + setting.Group.String() + ". What is not committed is read again after a restart."},
	{"dead letters", "Nothing, if it passes: letters are being made more slowly than records come. If it lasts, look at what the producer named in /metrics and dlq stats writes."},
	{"dead-letter topic", "Look whether the topic exists, may be written to, and takes records as large as the source's. Events that need it wait."},
	{"fetch", "Look at the brokers and at what the user may read of " + setting.Topic.String() + "."},
	{"lane", "Wait: the profile is tried again by itself, and others go on. If it lasts, look at Amazon's answers to it in the reason."},
	{"listen", "Restart the process: its pages are no longer served."},
	{"parking", "Look at the brokers, and whether " + setting.Topic.String() + " may be read: events that were put off cannot be read again now."},
	{"position", "Look at the brokers that lead the partitions: what the group has settled is compared with their records before anything is taken. Other partitions go on."},
	{"receipts topic", "Look whether the topic exists and may be written to. Events are sent, but none is final, and no offset is committed."},
	{"receipts", "Register the schema with amazon-capi schemas register, or turn receipts off with " + setting.ReceiptsTopic.With(`""`) + ". Nothing is sent until then."},
	{"registry", "Look at the schema registry, " + setting.Registry.String() + " and its credentials. Records with schemas not seen before wait; others go on."},
	{"retention", "Give the topic a retention longer than the members may be away or behind. What was deleted cannot be read any more: amazon-capi reconcile lists it, and its source may publish it again."},
	{"dead-letter guard", guarded},
	{"erasures", "Nothing is sent until the list of erased events can be read: let this user read the topic of " + setting.ErasureTopic.String() + ", or make it again from its records. Never start without the list to get on: what was erased would be sent."},
	{"schemas", "Have the topic's producers use fewer or smaller schemas at the same time: dlq ls shows whose records are refused, and they can be redriven then. Records of other schemas go on."},
	{"sum", "Keep the log and report it: a count of the program itself does not add up. Compare with amazon-capi reconcile."},
	{"token", "Check that client id, client secret and refresh token belong to one Login with Amazon client, and authorise again if the reason says invalid_grant. Nothing is sent with this account before, and nothing is lost."},
	{"topic", "Look whether " + setting.Topic.String() + " exists and may be read."},
	{"topics", "Look whether the user may create topics, or create them yourself."},
}

// credentials is about every condition whose reason is that brokers refuse them.
var credentials = "Look at the credentials that " + setting.SASLMechanism.String() + " needs: " + setting.SASLUsername.String() + " and " + setting.SASLPassword.String() + ", the token's settings, or for AWS_MSK_IAM " + setting.AWSRegion.String() + " and where the AWS credentials come from. Files are read again for each connection, so that renewed ones need no restart."

// guarded is about what the guard of dead letters holds.
var guarded = "Find out what changed: the source, the mapping, the account or a deploy. Events wait and nothing is lost. They go on by themselves when one that was refused is accepted; " +
	"where dead letters are what you want, resume them with SIGUSR1 or the file of " + setting.GuardResume.String() + "."

// Remedy says what to do about a condition that fails for a reason; empty if
// nothing is known to help.
func Remedy(name, reason string) string {
	if strings.Contains(reason, "SASL_AUTHENTICATION_FAILED") {
		return credentials
	}
	if strings.HasPrefix(name, "lane ") {
		if do := laneRemedy(reason); do != "" {
			return do
		}
	}
	if strings.HasPrefix(name, "token") && strings.Contains(reason, "API token") {
		return "Put another API token of the manager account into the file that holds it; it is read again by itself. Events of the account wait until then, and nothing is lost."
	}
	best := -1
	for i, r := range remedies {
		if (name == r.name || strings.HasPrefix(name, r.name+" ")) && (best < 0 || len(r.name) > len(remedies[best].name)) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	return remedies[best].do
}

// laneRemedy goes by what a lane's reason says of Amazon's answer.
func laneRemedy(reason string) string {
	says := func(word string) bool {
		return slices.Contains(strings.FieldsFunc(reason, func(r rune) bool { return r == ' ' || r == ':' || r == ',' || r == ';' }), word)
	}
	switch {
	case says("dead-letter") && says("guard"):
		return guarded
	case says("paused"):
		return "Take paused out of the accounts file once it is over, before its events are no longer retained."
	case says("401"):
		return verdict.Mend(verdict.Reason{Class: verdict.Auth, Status: 401})
	case says("403"):
		return verdict.Mend(verdict.Reason{Class: verdict.Auth, Status: 403})
	case says("429"):
		return "Nothing, if it passes: Amazon throttles the profile, and the lane goes on more slowly. If it lasts, lower its limits in the accounts file or ask Amazon for more."
	}
	return ""
}
