// Package shop is the site of the demonstration: a shop whose visitors come from an ad,
// browse, sign up, pay on somebody else's site and come back; its backend, which
// publishes what they did to Kafka; and a page that tells them what was kept of their
// click and what Amazon answered. It uses package capture as a site with a Go backend
// would. Starting it, with the pipeline behind, is for package demo.
package shop
