using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Text;

/// <summary>
/// JSON that people read too: what the admin APIs answer and commands print. Text stays as it was written, since none of this is ever put
/// into HTML. Escaped is only what JSON demands (RFC 8259, section 7) and what would steer a terminal (<see cref="TerminalText"/>).
/// </summary>
public static class PlainJson
{
    /// <summary>The encoder, for whatever writes JSON by itself.</summary>
    public static JavaScriptEncoder Encoder { get; } = new PlainEncoder();

    /// <summary>The options of nodes that are written as they are.</summary>
    public static JsonSerializerOptions OfNodes { get; } = new() { Encoder = Encoder };

    /// <summary>Returns a copy of a context's options; a new context with them writes plainly.</summary>
    public static JsonSerializerOptions OptionsOf(JsonSerializerContext types) => new(types.Options) { Encoder = Encoder };

    private sealed class PlainEncoder : JavaScriptEncoder
    {
        // What nearly all text consists of is passed over fast: a status may have megabytes of it.
        private static readonly SearchValues<char> Plain = SearchValues.Create(
            string.Concat(Enumerable.Range(' ', '\x7f' - ' ').Select(static code => (char)code).Except(['"', '\\'])));

        public override int MaxOutputCharactersPerInputCharacter => Default.MaxOutputCharactersPerInputCharacter;

        public override bool WillEncode(int unicodeScalar) =>
            unicodeScalar is '"' or '\\' || !Rune.TryCreate(unicodeScalar, out var rune) || TerminalText.Steers(rune);

        public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
        {
            var rest = new ReadOnlySpan<char>(text, textLength);
            while (rest.IndexOfAnyExcept(Plain) is >= 0 and var next)
            {
                rest = rest[next..];
                // Half of a surrogate pair is replaced by whoever asks.
                if (Rune.DecodeFromUtf16(rest, out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
                    return textLength - rest.Length;
                rest = rest[length..];
            }

            return -1;
        }

        // The relaxed encoder knows the short forms (\" and \n); of all else only the default one makes an escape.
        public override unsafe bool TryEncodeUnicodeScalar(
            int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
            (unicodeScalar < 0x80 ? UnsafeRelaxedJsonEscaping : Default).TryEncodeUnicodeScalar(
                unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
    }
}
