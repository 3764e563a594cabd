package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
)

func clusterCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "cluster init --name NAME --out DIR MEMBER MEMBER MEMBER",
		Short: "write what three members of a cluster of statusbots let each other in with",
		Long: `Each MEMBER is host:port, as the others reach it; 3 or 5. Below DIR it writes a folder for each
of them: a certificate with its key, the authority's certificate, and a secret that all share.
Bring each folder to its machine, readable by statusbot's user alone, and name it in
journal.cluster.folder. No member needs ca-key.pem, which stands beside them: keep it apart, or
delete it. Nothing is written over.

Exit codes: 0 written, 1 failed, 64 wrong call.`,
		Example:   `  statusbot cluster init --name statusbot --out members a.example.com:7946 b.example.com:7946 c.example.com:7946`,
		ValidArgs: []string{"init"},
	}
	name := c.Flags().String("name", "statusbot", "the cluster's name, the same in journal.cluster.name")
	out := c.Flags().StringP("out", "o", "", "directory to write the members' folders in")
	completeFolder(c, "out")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] != "init" {
			return usageError("the only thing to do is init")
		}
		cluster := journal.Cluster{Name: *name, Members: args[1:]}
		if err := cluster.Check(); err != nil {
			return usageError(err.Error())
		}
		for _, m := range cluster.Members {
			if !config.IsHostPort(m) {
				return usageError(fmt.Sprintf("member %q: write host:port", m))
			}
		}
		if *out == "" {
			return usageError("--out is missing; name the directory to write in")
		}
		folders, err := journal.InitCluster(*out, cluster)
		if err != nil {
			return err
		}
		for i, folder := range folders {
			fmt.Fprintf(w.out, "%s\t%s\n", cluster.Members[i], folder)
		}
		fmt.Fprintf(w.err, "Write into each member's configuration:\n\njournal:\n  cluster:\n    name: %s\n    members: [%s]\n    folder: its folder\n",
			cluster.Name, strings.Join(cluster.Members, ", "))
		return nil
	}
	return c
}

// printState prints how something is. With troubles the command fails.
func printState(w world, s any, asJSON bool, text string, troubles []string) error {
	var err error
	if asJSON {
		err = json.NewEncoder(w.out).Encode(s)
	} else {
		_, err = fmt.Fprint(w.out, text)
	}
	if err == nil && len(troubles) > 0 {
		return exitError(exitFailed)
	}
	return err
}

// clusterText is a cluster for the terminal: what is wrong comes first. What each
// stream holds is left out where it is only what was last heard of it.
func clusterText(s house.ClusterState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Cluster %s, as %s sees it.\n", s.Name, s.Self)
	if s.Leader != "" {
		fmt.Fprintf(&b, "%s leads: it measures, decides and posts.\n", s.Leader)
	}
	troubles := clusterTroubles(s)
	for _, t := range troubles {
		b.WriteString(t + "\n")
	}
	if alone(s) {
		return b.String()
	}
	for _, st := range s.Streams {
		var lacks []string
		for _, p := range st.Peers {
			if p.Lag > 0 {
				lacks = append(lacks, fmt.Sprintf("%s is %d steps behind", p.Member, p.Lag))
			}
		}
		fmt.Fprintf(&b, "%-22s  newest %d, %s\n", st.Name, st.Last, cmp.Or(strings.Join(lacks, ", "), "nobody is behind"))
	}
	if len(troubles) == 0 {
		b.WriteString("All members have all.\n")
	}
	return b.String()
}

// alone reports whether the one that answers reaches too few others to know anything.
func alone(s house.ClusterState) bool { return 2*(1+len(s.Reached)) <= len(s.Members) }

// clusterTroubles are what is not as it should be, a sentence each.
func clusterTroubles(s house.ClusterState) (list []string) {
	if s.Leader == "" {
		list = append(list, "Nobody leads: nothing is measured or told.")
	}
	if s.Cut != "" {
		list = append(list, "This member is cut off: "+s.Cut+".")
	}
	if alone(s) && s.Cut == "" {
		list = append(list, fmt.Sprintf("This member reaches %d of %d others, which is too few to lead.", len(s.Reached), len(s.Members)-1))
	}
	if s.Hangs != "" {
		list = append(list, text.Capital(s.Hangs)+".")
	}
	if s.Anew != "" {
		list = append(list, text.Capital(s.Anew)+".")
	}
	for _, d := range s.Doubts {
		list = append(list, d+".")
	}
	for _, m := range s.Members {
		reached := m == s.Self || slices.Contains(s.Reached, m)
		switch {
		case !reached:
			list = append(list, m+" does not answer from here.")
		case !alone(s) && behind(s, m):
			list = append(list, m+" has not caught up.")
		}
	}
	return list
}

// behind reports whether a member lacks something, as those see it that lead the streams.
func behind(s house.ClusterState, member string) bool {
	return slices.ContainsFunc(s.Streams, func(st journal.StreamState) bool {
		return slices.ContainsFunc(st.Peers, func(p journal.PeerState) bool { return p.Member == member && !p.Current })
	})
}
