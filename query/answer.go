package query

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// times are written to the second, as AWS does.
const timeLayout = "2006-01-02T15:04:05Z"

// answer writes the answer of an action. An action without an output has no result.
func answer(b *bytes.Buffer, namespace, action string, out any, requestID string) {
	b.WriteString("<" + action + `Response xmlns="` + namespace + `">`)
	if out != nil {
		element(b, action+"Result", reflect.ValueOf(out))
	}
	b.WriteString("<ResponseMetadata>")
	text(b, "RequestId", requestID)
	b.WriteString("</ResponseMetadata></" + action + "Response>")
}

// refusal writes the answer of an error.
func refusal(b *bytes.Buffer, namespace string, f *Fault, requestID string) {
	side := "Sender"
	if f.Status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	b.WriteString(`<ErrorResponse xmlns="` + namespace + `"><Error>`)
	text(b, "Type", side)
	text(b, "Code", f.Code)
	text(b, "Message", f.Message)
	b.WriteString("</Error>")
	text(b, "RequestId", requestID)
	b.WriteString("</ErrorResponse>")
}

// element writes a value: what has not been set is left out, but lists, which clients want to find empty.
func element(b *bytes.Buffer, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			element(b, name, v.Elem())
		}
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			if !at.IsZero() {
				text(b, name, at.UTC().Format(timeLayout))
			}
			return
		}
		b.WriteString("<" + name + ">")
		for i := range v.NumField() {
			element(b, wireName(v.Type().Field(i)), v.Field(i))
		}
		b.WriteString("</" + name + ">")
	case reflect.Slice:
		b.WriteString("<" + name + ">")
		for i := range v.Len() {
			element(b, "member", v.Index(i))
		}
		b.WriteString("</" + name + ">")
	case reflect.String:
		if v.Len() > 0 {
			text(b, name, v.String())
		}
	case reflect.Bool:
		text(b, name, strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		text(b, name, strconv.FormatInt(v.Int(), 10))
	default:
		panic("query: an answer cannot hold a " + v.Type().String())
	}
}

// text writes an element that holds a text. What XML cannot hold is replaced.
func text(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value)) // a buffer takes everything
	b.WriteString("</" + name + ">")
}
