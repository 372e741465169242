using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Protocol.Handshake;

/// <summary>The codes of a refusal (protocol.md section 2.4); a foreign hub may have others.</summary>
public static class HubRefusal
{
    /// <summary>The id is unknown, the secret is wrong or the edge is disabled.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The hub accepts no more peers at the moment.</summary>
    public const string Busy = "busy";

    /// <summary>The edge's line was malformed.</summary>
    public const string Malformed = "malformed";

    private const int MaxCodeLength = 64;

    private static readonly MessageMembers Members = new("", "error");

    /// <summary>The code in the line, or an empty string if the line is not a refusal.</summary>
    internal static string Read(ref MessageReader reader)
    {
        var code = "";
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            // If the member has another type, the line is not a refusal: it belongs to a foreign hub's configuration, and we do not know
            // it.
            if (reader.IsString)
                code = Printable(reader.Text(member, MaxCodeLength));
            else
                reader.Skip();
        }

        return code;
    }

    // The code goes to the edge's log, and the hub is not yet trusted with more than a word.
    private static string Printable(string code) =>
        code.Length == 0 || code.AsSpan().ContainsAnyExceptInRange(' ', '~') ? "unreadable" : code;
}
