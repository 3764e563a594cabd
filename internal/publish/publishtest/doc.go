// Package publishtest has what tests of telling need: a company, results for
// it second by second, a journal in memory, and the long night that the design
// begins with, with what is to be decided in it.
package publishtest
