// Package profile knows which profiles are known, because an account names them or
// Amazon has accepted an event of them: only those are shown, and have time series of
// their own. What a lane does for a profile that is not known is for the lane to decide.
package profile
