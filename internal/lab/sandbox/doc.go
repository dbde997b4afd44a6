// Package sandbox stands in for everything amazon-capi talks to, in one process
// on loopback: an Amazon (Login with Amazon's token endpoint and the events
// endpoint), a Kafka broker and a schema registry. The demo and the tests run
// the real pipeline against it.
//
// The sandbox Amazon is a judge, so it shares no table and no rule with the
// pipeline it judges: where it repeats one, such as the list of currencies, a
// mistake in the pipeline's copy shows instead of being agreed with.
//
// # Magic values
//
// Some values are refused without any setting, so that a demo or a test
// against a real Kafka can have failures it knows in advance:
//
//   - an event id that contains "sandbox-400", "sandbox-404", "sandbox-409",
//     "sandbox-413" or "sandbox-422" is refused with that status, for good;
//   - the profile [ForbiddenProfile] is answered 403.
//
// # Control
//
// Besides Amazon's two endpoints the handler serves
//
//	GET  /sandbox/health   200 while it runs
//	GET  /sandbox/faults   what it does wrong at present, as JSON
//	POST /sandbox/faults   changes that; fields left out stay as they are
//	GET  /sandbox/stats    what it was sent, in numbers
//	GET  /sandbox/events   accepted event ids as JSON lines; ?profile= for one
//	GET  /sandbox/events-manager
//	                       counts by account, name and day as Amazon's Events Manager
//	                       shows them, as CSV; ?account= for one
//
// None of them asks for a password: the sandbox is no place for real data.
package sandbox
