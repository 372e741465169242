using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Protocol.Handshake;

/// <summary>The codes of a refusal (protocol.md section 2.4); a foreign hub may have others.</summary>
public static class HubRefusal
{
    /// <summary>Unknown id, wrong secret or disabled edge.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The hub takes no more peers at the moment.</summary>
    public const string Busy = "busy";

    /// <summary>The edge's line was none.</summary>
    public const string Malformed = "malformed";

    private const int MaxCodeLength = 64;

    private static readonly MessageMembers Members = new("", "error");

    /// <summary>The line's code, or an empty string if the line is no refusal.</summary>
    internal static string Read(ref MessageReader reader)
    {
        var code = "";
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            // Another type is no refusal but a member of a foreign hub's configuration that we don't know.
            if (reader.IsString)
                code = Printable(reader.Text(member, MaxCodeLength));
            else
                reader.Skip();
        }

        return code;
    }

    // The code goes to the edge's log, and the hub is not yet to be trusted with more than a word.
    private static string Printable(string code) =>
        code.Length == 0 || code.AsSpan().ContainsAnyExceptInRange(' ', '~') ? "unreadable" : code;
}
