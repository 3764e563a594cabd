//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/longtest"
)

// kindPage returns the page of a kind.
func kindPage(t *testing.T, kind string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kinds", kind+".md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// scripts returns the blocks of a page in a language, of which there must be
// so many: a new one needs a test as well.
func scripts(t *testing.T, kind, language string, number int) []string {
	t.Helper()
	var found []string
	for _, e := range examples(kindPage(t, kind), language) {
		found = append(found, e.text)
	}
	if len(found) != number {
		t.Fatalf("docs/kinds/%s.md has %d examples in %s, and %d have a test", kind, len(found), language, number)
	}
	return found
}

// The scripts of the page about exec print what the page says.
func TestScriptsOfExecPage(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "python3", "python3")
	folder := t.TempDir()
	file := filepath.Join(folder, "statusbot.yaml")
	for path, text := range map[string]string{
		file: `products: [{id: mail}]
checks:
  - {id: mail/queue, product: mail, kind: exec, every: 5m, timeout: 3m, exec: {argv: [./queue_age.sh]}}
  - {id: mail/order, product: mail, kind: exec, every: 5m, timeout: 3m, exec: {argv: [./order.py], format: json}}
`,
		filepath.Join(folder, "queue_age.sh"): scripts(t, "exec", "sh", 1)[0],
		filepath.Join(folder, "order.py"):     scripts(t, "exec", "python", 1)[0],
	} {
		if err := writeProgram(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	out, words, code := statusbot(t, "check", "--config", file)
	if code != 1 {
		t.Errorf("exit code %d, want 1: %s", code, words)
	}
	// rows returns the lines of checks without how long they took.
	rows := func(text string) map[string]string { // :: check -> the rest
		all := map[string]string{}
		for line := range strings.Lines(text) {
			words := strings.Fields(line)
			if len(words) > 6 && (words[0] == "pass" || words[0] == "fail") && words[1] == "mail" {
				all[words[2]] = words[0] + " " + strings.Join(words[5:], " ")
			}
		}
		return all
	}
	want := rows(kindPage(t, "exec"))
	if len(want) != 2 {
		t.Fatalf("the page shows %d results, want 2", len(want))
	}
	if diff := cmp.Diff(want, rows(out)); diff != "" {
		t.Errorf("the page and the scripts differ (-page +scripts):\n%s", diff)
	}
}

// The jobs of the page about heartbeats report to the statusbot of its
// configuration.
func TestScriptsOfHeartbeatPage(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "curl", "curl")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, env := workspace(t)
	folder := t.TempDir()
	const listen = "127.0.0.1:8080"
	whole := examples(kindPage(t, "heartbeat"), "yaml")[0].text
	if !strings.Contains(whole, listen) {
		t.Fatalf("the example does not listen on %s:\n%s", listen, whole)
	}
	file := filepath.Join(folder, "statusbot.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(whole, listen, "127.0.0.1:0")), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, append(env, "BACKUP_TOKEN="+backupToken), "run", "--config", file, "--data-dir", t.TempDir())
	address := strings.TrimPrefix(bot.readyURL(ctx), "http://")
	backup := filepath.Join(folder, "backup.sh")
	const taken = `{"accepted":1,"duplicates":0}`
	answers := []string{taken, taken, "OK"} // the last is how those answer whose address it was
	for i, script := range scripts(t, "heartbeat", "sh", len(answers)) {
		for exit := range 2 {
			if err := writeProgram(backup, fmt.Appendf(nil, "#!/bin/sh\nexit %d\n", exit)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(ctx, "/bin/sh", "-c", strings.ReplaceAll(script, listen, address))
			cmd.Dir, cmd.Env = folder, append(os.Environ(), "BACKUP_TOKEN="+backupToken)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), answers[i]) {
				t.Errorf("example %d, and a job that ends with %d: %v: %s", i+1, exit, err, out)
			}
		}
	}
	if code := bot.terminate(); code != 0 {
		t.Errorf("statusbot ended with exit code %d", code)
	}
}

// kafkaTopic runs the script of checks.d as the page about exec shows it.
func kafkaTopic(t *testing.T, env []string, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "..", "checks.d", "kafka_topic.sh"), args...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(text))
}

func TestKafkaTopic(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "kcat", "kcat")
	// The mock cluster is librdkafka's own, for tests of its clients.
	code, out := kafkaTopic(t, nil, "127.0.0.1:1", "orders", "-X", "test.mock.num.brokers=3")
	if want := "OK - orders: 4 partitions on 3 brokers, all in step|partitions=4 behind=0;0 leaderless=0;;0"; code != 0 || out != want {
		t.Errorf("exit code %d: %q, want %q", code, out, want)
	}
	code, out = kafkaTopic(t, nil, "127.0.0.1:1", "orders", "-m", "1")
	if code != 2 || !strings.HasPrefix(out, "CRITICAL - Failed to acquire metadata: Local: Broker transport failure") {
		t.Errorf("nobody listens: exit code %d: %q", code, out)
	}
}

// What kcat says of a topic that is not well, which no cluster here can be
// brought to. Its form is that of kcat 1.7.1; only the figures differ.
func TestKafkaTopicThatIsNotWell(t *testing.T) {
	const brokers = "Metadata for orders (from broker 1: kafka-1:9092/1):\n 2 brokers:\n  broker 1 at kafka-1:9092 (controller)\n  broker 2 at kafka-2:9092\n 1 topics:\n"
	for _, tt := range []struct {
		name, topic string
		code        int
		out         string
	}{
		{"behind", "  topic \"orders\" with 2 partitions:\n    partition 0, leader 1, replicas: 1,2, isrs: 1,2\n    partition 1, leader 1, replicas: 1,2, isrs: 1\n",
			1, "WARNING - orders: 2 partitions on 2 brokers, 1 with replicas behind|partitions=2 behind=1;0 leaderless=0;;0"},
		{"without a leader", "  topic \"orders\" with 2 partitions:\n    partition 0, leader 1, replicas: 1,2, isrs: 1\n    partition 1, leader -1, replicas: 1,2, isrs: , Broker: Leader not available\n",
			2, "CRITICAL - orders: 2 partitions on 2 brokers, 1 without a leader|partitions=2 behind=1;0 leaderless=1;;0"},
		{"not there", "  topic \"orders\" with 0 partitions: Broker: Unknown topic or partition\n",
			2, "CRITICAL - orders has no partitions: Broker: Unknown topic or partition|partitions=0 behind=0;0 leaderless=0;;0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bin := t.TempDir()
			script := "#!/bin/sh\ncat <<'END'\n" + brokers + tt.topic + "END\n"
			if err := writeProgram(filepath.Join(bin, "kcat"), []byte(script)); err != nil {
				t.Fatal(err)
			}
			code, out := kafkaTopic(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}, "kafka-1:9092", "orders")
			if code != tt.code || out != tt.out {
				t.Errorf("exit code %d: %q, want %d: %q", code, out, tt.code, tt.out)
			}
		})
	}
}

// What protoc writes by the command on the page about grpc is what the page's
// check reads.
func TestCompilerOfGRPCPage(t *testing.T) {
	longtest.Command(t, "protoc", "protobuf-compiler")
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "shop", "v1"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"state": `syntax = "proto3";
package shop.v1;
enum State { OPEN = 0; PAID = 1; }
`,
		"orders": `syntax = "proto3";
package shop.v1;
import "shop/v1/state.proto";
message GetRequest { string id = 1; }
message Order { State state = 1; int64 total_cents = 2; }
service Orders { rpc Get(GetRequest) returns (Order); }
`,
	} {
		if err := os.WriteFile(filepath.Join(folder, "shop", "v1", name+".proto"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compile := exec.Command("sh", "-euc", scripts(t, "grpc", "sh", 1)[0])
	compile.Dir = folder
	if said, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	parts := scripts(t, "grpc", "yaml", 1)
	whole, err := example{text: parts[0]}.completed("grpc")
	if err != nil {
		t.Fatal(err)
	}
	mustLoad(t, strings.ReplaceAll(whole, "orders.binpb", filepath.Join(folder, "orders.binpb")))
}
