// Package faultpoint marks places in the program between two steps that must not come
// apart: simulations wait there, so that what may happen in between does. The build tag
// faultpoints turns it on; without it At does nothing and costs nothing.
//
// At may wait for seconds of virtual time. It must not be called with a mutex held: in a
// bubble of testing/synctest, whoever waits for one keeps time from passing.
package faultpoint
