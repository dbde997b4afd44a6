package main

// row is a group of panels.
type row struct {
	title  string
	panels []panel
}

// rows are the dashboard, from what one looks at first to what explains it.
var rows = []row{
	{"Overview", []panel{
		{title: "Conditions that fail", unit: "none", stat: true, red: 1, says: "What /readyz lists, on how many members. Anything but 0 has a reason and a remedy in /status.",
			queries: []query{{`sum(amazon_capi_condition_failing{instance=~"$instance"})`, ""}}},
		{title: "Records without a verdict", unit: "none", stat: true, says: "Unread and taken, those that are parked left out. Scale by it.",
			queries: []query{{`sum(amazon_capi_backlog_records{instance=~"$instance",state!="parked"})`, ""}}},
		{title: "Oldest event without a verdict", unit: "s", stat: true, red: 900, says: "Age by the record's timestamp.",
			queries: []query{{`max(amazon_capi_lag_seconds{instance=~"$instance"})`, ""}}},
		{title: "Events", unit: "eps", says: "What is taken and what becomes of it.", queries: []query{
			{`sum(rate(amazon_capi_events_consumed_total{instance=~"$instance"}[$__rate_interval]))`, "consumed"},
			{`sum(rate(amazon_capi_events_accepted_total{instance=~"$instance"}[$__rate_interval]))`, "accepted"},
			{`sum(rate(amazon_capi_events_filtered_total{instance=~"$instance"}[$__rate_interval]))`, "filtered"},
			{`sum(rate(amazon_capi_events_dead_lettered_total{instance=~"$instance"}[$__rate_interval]))`, "dead-lettered"},
		}},
		{title: "Backlog", unit: "none", says: "Records without a verdict. Parked ones wait for their profile and hold back nothing but the commit.",
			queries: []query{{`sum by (state) (amazon_capi_backlog_records{instance=~"$instance"})`, "{{state}}"}}},
		{title: "From record to acceptance", unit: "s", says: "Median and 99th percentile, by the records' timestamps.", queries: []query{
			{`histogram_quantile(0.5, sum by (le) (rate(amazon_capi_accept_latency_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "median"},
			{`histogram_quantile(0.99, sum by (le) (rate(amazon_capi_accept_latency_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "99th percentile"},
		}},
	}},
	{"Profiles", []panel{
		{title: "Accepted by profile", unit: "eps", says: "The ten with most.",
			queries: []query{{`topk(10, sum by (profile) (rate(amazon_capi_events_accepted_total{instance=~"$instance",profile=~"$profile"}[$__rate_interval])))`, "{{profile}}"}}},
		{title: "Sent again by profile", unit: "eps", says: "Events that failed and are tried again, the ten profiles with most.",
			queries: []query{{`topk(10, sum by (profile) (rate(amazon_capi_retries_total{instance=~"$instance",profile=~"$profile"}[$__rate_interval])))`, "{{profile}}"}}},
		{title: "Lanes", unit: "none", says: "By state. Held ones wait for a fault to pass; /status says which and why.",
			queries: []query{{`sum by (state) (amazon_capi_lanes{instance=~"$instance"})`, "{{state}}"}}},
		{title: "Profiles not served", unit: "none", stat: true, red: 1, says: "Conditions of single profiles that fail. Other profiles go on.",
			queries: []query{{`max(amazon_capi_profile_conditions_failing{instance=~"$instance"})`, ""}}},
		{title: "Parked events", unit: "none", says: "Put off until their profile can be served. They must not outlast the topic's retention.",
			queries: []query{{`sum(amazon_capi_parked_events{instance=~"$instance"})`, "parked"}}},
	}},
	{"Amazon", []panel{
		{title: "Requests by status", unit: "reqps", says: "Or timeout, connection, truncated, unreadable where there was no answer.",
			queries: []query{{`sum by (status) (rate(amazon_capi_requests_total{instance=~"$instance"}[$__rate_interval]))`, "{{status}}"}}},
		{title: "Duration of requests", unit: "s", says: "Median and 99th percentile.", queries: []query{
			{`histogram_quantile(0.5, sum by (le) (rate(amazon_capi_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "median"},
			{`histogram_quantile(0.99, sum by (le) (rate(amazon_capi_request_duration_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`, "99th percentile"},
		}},
		{title: "Events in a request", unit: "none", says: "Small batches at a high rate: raise the linger.",
			queries: []query{{`sum(rate(amazon_capi_batch_events_sum{instance=~"$instance"}[$__rate_interval])) / sum(rate(amazon_capi_batch_events_count{instance=~"$instance"}[$__rate_interval]))`, "mean"}}},
		{title: "Requests in flight", unit: "none", says: "And how many the busy lanes may have.", queries: []query{
			{`sum(amazon_capi_lane_requests_in_flight{instance=~"$instance"})`, "in flight"},
			{`sum(amazon_capi_lane_concurrency{instance=~"$instance"})`, "allowed"},
		}},
		{title: "Access tokens", unit: "s", says: "For how long the token of each account can still be used; 0 without one.",
			queries: []query{{`min by (account) (amazon_capi_token_expires_in_seconds{instance=~"$instance"})`, "{{account}}"}}},
	}},
	{"Dead letters", []panel{
		{title: "By class", unit: "eps", says: "decode and validation: a source changed. rejected: Amazon does not take the contents. auth: it refuses an account or profile.",
			queries: []query{{`sum by (class) (rate(amazon_capi_events_dead_lettered_total{instance=~"$instance",profile=~"$profile"}[$__rate_interval]))`, "{{class}}"}}},
		{title: "By profile, the last hour", unit: "none", says: "The ten with most.",
			queries: []query{{`topk(10, sum by (profile) (increase(amazon_capi_events_dead_lettered_total{instance=~"$instance",profile=~"$profile"}[1h])))`, "{{profile}}"}}},
		{title: "Share of all events", unit: "percentunit", red: 0.1, says: "Above a tenth an alert fires.",
			queries: []query{{`sum(rate(amazon_capi_events_dead_lettered_total{instance=~"$instance"}[15m])) / sum(rate(amazon_capi_events_consumed_total{instance=~"$instance"}[15m]))`, "share"}}},
		{title: "Held by the guard", unit: "none", red: 1, says: "Profiles, and 1 for the stream, whose events wait because too many of them were refused, by the commonest reason.",
			queries: []query{{`sum by (scope, reason) (amazon_capi_guard_holds{instance=~"$instance"})`, "{{scope}}: {{reason}}"}}},
		{title: "Fields left out", unit: "eps", says: "Optional fields that were bad, by warning: the events are sent without them.",
			queries: []query{{`sum by (warning) (rate(amazon_capi_identifiers_dropped_total{instance=~"$instance"}[$__rate_interval]))`, "{{warning}}"}}},
	}},
	{"Kafka", []panel{
		{title: "Lag by topic", unit: "none", says: "From the next offset to commit to the end: large while one event is held, whatever is delivered behind it.",
			queries: []query{{`sum by (topic) (amazon_capi_lag_records{instance=~"$instance"})`, "{{topic}}"}}},
		{title: "Partitions by member", unit: "none", says: "A member without partitions waits for one.",
			queries: []query{{`sum by (instance) (amazon_capi_partitions_owned{instance=~"$instance"})`, "{{instance}}"}}},
		{title: "Commits", unit: "ops", says: "While they fail for three intervals nothing is taken.", queries: []query{
			{`sum(rate(amazon_capi_commits_total{instance=~"$instance"}[$__rate_interval]))`, "taken"},
			{`sum(rate(amazon_capi_commit_failures_total{instance=~"$instance"}[$__rate_interval]))`, "failed"},
		}},
		{title: "Writing letters and receipts fails", unit: "eps", says: "They are tried again, and offsets wait for them.", queries: []query{
			{`sum(rate(amazon_capi_dead_letters_failed_total{instance=~"$instance"}[$__rate_interval]))`, "dead letters"},
			{`sum(rate(amazon_capi_receipts_failed_total{instance=~"$instance"}[$__rate_interval]))`, "receipts"},
		}},
		{title: "Schema registry", unit: "reqps", says: "By result: away means no answer that can be trusted, and records of new schemas wait.",
			queries: []query{{`sum by (result) (rate(amazon_capi_registry_requests_total{instance=~"$instance"}[$__rate_interval]))`, "{{result}}"}}},
		{title: "Deleted before they were read", unit: "none", stat: true, red: 1, says: "Records that retention took. reconcile lists them.",
			queries: []query{{`sum(amazon_capi_records_missed_total{instance=~"$instance"})`, ""}}},
	}},
	{"Process", []panel{
		{title: "Versions", unit: "none", says: "How many members run which.",
			queries: []query{{`count by (version) (amazon_capi_build_info{instance=~"$instance"})`, "{{version}}"}}},
		{title: "CPU", unit: "none", says: "Cores in use, by member.",
			queries: []query{{`rate(process_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]) and on (instance) amazon_capi_build_info`, "{{instance}}"}}},
		{title: "Memory", unit: "bytes", says: "Resident, by member, and what events in flight take.", queries: []query{
			{`process_resident_memory_bytes{instance=~"$instance"} and on (instance) amazon_capi_build_info`, "{{instance}}"},
			{`sum(amazon_capi_in_flight_bytes{instance=~"$instance"})`, "events in flight"},
		}},
	}},
}
