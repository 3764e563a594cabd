package snmp

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// rowsAtOnce is how many rows an agent is asked for in one message.
const rowsAtOnce = 25

// answered passes on an answer, and nothing else that an agent may have sent with its number. The
// library takes 0 for any number: so reports are numbered that cannot say what they report on.
func answered(packet *gosnmp.SnmpPacket, err error) (*gosnmp.SnmpPacket, error) {
	if err == nil && packet.PDUType != gosnmp.GetResponse {
		return nil, probe.Malformed("it is a question, or a report")
	}
	if err == nil && packet.RequestID == 0 {
		return nil, probe.Malformed("it is the answer to another question, of the number 0")
	}
	return packet, err
}

// walkOne hands on the rows of a column. The library's own walk takes each error of the agent for the
// table's end, and half a table would pass.
func (p *prober) walkOne(a *agent, column object, note func(gosnmp.SnmpPDU) error) error {
	at, most := column.oid, uint32(rowsAtOnce)
	if p.version == gosnmp.Version1 {
		most = 1
	}
	for {
		packet, err := answered(p.next(a, at, most))
		switch {
		case err != nil:
			return err
		case packet.Error == gosnmp.TooBig && most > 1:
			most /= 2
			continue
		case packet.Error == gosnmp.NoSuchName: // so version 1 says that nothing follows
			return p.itself(a, column, at, note)
		case packet.Error != gosnmp.NoError:
			return refusal{packet.Error}
		case len(packet.Variables) == 0:
			return probe.Malformed("it has no row, and not the table's end")
		}
		for _, v := range packet.Variables {
			if v.Type == gosnmp.EndOfMibView || !strings.HasPrefix(v.Name, column.oid+".") {
				return p.itself(a, column, at, note)
			}
			if slices.Compare(numbersOf(v.Name), numbersOf(at)) <= 0 {
				return errCircles
			}
			at = v.Name
			if err := note(v); err != nil {
				return err
			}
		}
	}
}

// next asks for what follows an object.
func (p *prober) next(a *agent, at string, most uint32) (*gosnmp.SnmpPacket, error) {
	if p.version == gosnmp.Version1 {
		return a.snmp.GetNext([]string{at})
	}
	return a.snmp.GetBulk([]string{at}, 0, most)
}

// itself is the end of a column: of one without rows the object itself, which may have a value, is its row.
func (p *prober) itself(a *agent, column object, at string, note func(gosnmp.SnmpPDU) error) error {
	if at != column.oid {
		return nil
	}
	packet, err := answered(a.snmp.Get([]string{column.oid}))
	switch {
	case err != nil:
		return err
	case packet.Error != gosnmp.NoError || len(packet.Variables) != 1 || packet.Variables[0].Name != column.oid:
		return nil // it is lacking, and is told so
	}
	return note(packet.Variables[0])
}

// numbersOf takes the number of an object apart.
func numbersOf(oid string) []uint64 {
	parts := strings.Split(strings.TrimPrefix(oid, "."), ".")
	list := make([]uint64, len(parts))
	for i, part := range parts {
		list[i], _ = strconv.ParseUint(part, 10, 32) // the library has written it
	}
	return list
}
