using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Runs the parser of one kind of message, and turns whatever is wrong with the input into an error text.</summary>
internal static class MessageParser
{
    public delegate T ReadMembers<T>(ref MessageReader reader);

    /// <param name="json">The whole message.</param>
    /// <param name="maxBytes">The most bytes that a message of this kind may have.</param>
    /// <param name="readMembers">Reads the members of the message's object to its end.</param>
    /// <param name="message">The message, if there is no error.</param>
    /// <param name="error">What is wrong, fit for a log.</param>
    /// <param name="showValues">False if the message holds secrets, which errors must not quote.</param>
    public static bool TryParse<T>(
        ReadOnlySpan<byte> json,
        int maxBytes,
        ReadMembers<T> readMembers,
        [NotNullWhen(true)] out T? message,
        [NotNullWhen(false)] out string? error,
        bool showValues = true)
        where T : class
    {
        message = null;
        error = null;
        if (json.Length > maxBytes)
            error = $"the message has {json.Length} bytes, more than {maxBytes}";
        else if (!Utf8.IsValid(json))
            error = "the message is not UTF-8";
        if (error is not null)
            return false;

        try
        {
            var reader = new MessageReader(json, showValues);
            reader.BeginMessage();
            var parsed = readMembers(ref reader);
            reader.EndMessage();
            message = parsed;
            return true;
        }
        catch (FormatException e)
        {
            error = e.Message;
        }
        catch (JsonException e)
        {
            error = $"not valid JSON, or nested deeper than {MessageReader.MaxDepth} levels, at byte {e.BytePositionInLine} of line "
                + $"{e.LineNumber + 1}";
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader throws this for an escaped half of a surrogate pair.
            error = "a string in the message is not valid Unicode";
        }

        return false;
    }
}
