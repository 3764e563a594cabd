package impact

import (
	"cmp"
	"math"
	"slices"
)

// codedDay are the cells of a day in 176 bytes: of most checks nearly all have the same
// tries, and nothing or little in them was bad. Each is half a byte, which says by how
// much it differs from the usual one; the few of which it does not say that are beside.
type codedDay struct {
	codes [cellsKept / 2]uint8 // of two cells each, the lower half is of the even one
	usual uint8                // tries of a usual cell
	odd   []oddCell            // in the order of at
}

// oddCell is one that no code is for.
type oddCell struct {
	at uint16 // its number modulo cellsKept
	is cell
}

const (
	codeNone = 0  // no result
	codeOdd  = 15 // in odd
	oddMost  = 48 // 6 bytes each: with more than that the next form is smaller

	learnFrom = 4 // so many in odd, and each doubling of it, show that others may be usual
)

// usualCells are what codes from 1 on stand for: tries more than usual, failures, slow results.
var usualCells = [codeOdd - 1][3]int{
	{0, 0, 0}, {0, 0, 1}, {0, 0, 2}, {0, 0, 3},
	{0, 1, 0}, {0, 1, 1}, {0, 2, 0}, {0, 3, 0},
	{1, 0, 0}, {1, 0, 1}, {1, 1, 0},
	{-1, 0, 0}, {-1, 0, 1}, {-1, 1, 0},
}

// coded returns the code of a cell where a usual one has so many tries.
func coded(usual uint8, x cell) uint8 {
	if x == (cell{}) {
		return codeNone
	}
	is := [3]int{int(x[cellTries]) - int(usual), int(x[cellFailed]), int(x[cellSlow])}
	if i := slices.Index(usualCells[:], is); i >= 0 {
		return uint8(i + 1)
	}
	return codeOdd
}

func (d *codedDay) code(i int64) uint8 { return d.codes[i/2] >> (i % 2 * 4) & 15 }

func (d *codedDay) get(i int64) cell {
	switch k := d.code(i); k {
	case codeNone:
		return cell{}
	case codeOdd:
		at, _ := d.find(i)
		return d.odd[at].is
	default:
		is := &usualCells[k-1]
		return cell{uint8(int(d.usual) + is[0]), uint8(is[1]), uint8(is[2])}
	}
}

// find returns where a cell is in odd, or would be.
func (d *codedDay) find(i int64) (at int, there bool) {
	return slices.BinarySearchFunc(d.odd, uint16(i), func(o oddCell, i uint16) int { return cmp.Compare(o.at, i) })
}

func (d *codedDay) put(i int64, x cell) bool {
	if d.usual == 0 {
		d.usual = x[cellTries]
	}
	if n := len(d.odd); n >= learnFrom && n&(n-1) == 0 && coded(d.usual, x) == codeOdd {
		d.learn(i, x)
	}
	return d.set(i, x)
}

func (d *codedDay) set(i int64, x cell) bool {
	k := coded(d.usual, x)
	switch at, there := d.find(i); {
	case k == codeOdd && there:
		d.odd[at].is = x
		return true
	case k == codeOdd && len(d.odd) >= oddMost:
		return false
	case k == codeOdd:
		d.odd = slices.Insert(d.odd, at, oddCell{uint16(i), x})
	case there:
		d.odd = slices.Delete(d.odd, at, at+1)
	}
	half := i % 2 * 4
	d.codes[i/2] = d.codes[i/2]&^(15<<half) | k<<half
	return true
}

// learn makes the tries that most cells have the usual ones, with one cell more: the first
// cell, by which the others went so far, may have begun in the middle.
func (d *codedDay) learn(i int64, x cell) {
	var all [cellsKept]cell
	var with [math.MaxUint8 + 1]int // :: tries -> cells
	for n := range cellsKept {
		if all[n] = d.get(n); n == i {
			all[n] = x
		}
		with[all[n][cellTries]]++
	}
	usual := 1
	for tries := 2; tries < len(with); tries++ {
		if with[tries] > with[usual] {
			usual = tries
		}
	}
	if usual == int(d.usual) {
		return
	}
	again := codedDay{usual: uint8(usual)}
	for n := range cellsKept {
		if n != i && !again.set(n, all[n]) {
			return
		}
	}
	*d = again
}

func (d *codedDay) copied() day {
	out := *d
	out.odd = slices.Clone(d.odd)
	return &out
}

// smallDay takes 576 bytes: from the top 4 bits of failures, 5 of slow results, 7 of tries.
type smallDay [cellsKept]uint16

func (d *smallDay) get(i int64) cell {
	x := d[i]
	return cell{uint8(x & 127), uint8(x >> 12), uint8(x >> 7 & 31)}
}

func (d *smallDay) put(i int64, x cell) bool {
	if x[cellTries] > 127 || x[cellFailed] > 15 || x[cellSlow] > 31 {
		return false
	}
	d[i] = uint16(x[cellTries]) | uint16(x[cellSlow])<<7 | uint16(x[cellFailed])<<12
	return true
}

func (d *smallDay) copied() day { return clone(d) }

// largeDay takes 864 bytes.
type largeDay [cellsKept]cell

func (d *largeDay) get(i int64) cell         { return d[i] }
func (d *largeDay) put(i int64, x cell) bool { d[i] = x; return true }
func (d *largeDay) copied() day              { return clone(d) }
