using System.Text.Json;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>The members of one JSON object that this version knows; at most 32.</summary>
/// <param name="path">The text before a member's name in an error text, for example <c>hub.</c>.</param>
/// <param name="names">The members' names, as on the wire.</param>
internal sealed class MessageMembers(string path, params string[] names)
{
    /// <summary>The name of the object itself in an error text, for example <c>hub</c>.</summary>
    public string Path => path.TrimEnd('.');

    /// <summary>The full name for an error text, for example <c>hub.maxFrame</c>.</summary>
    public string PathOf(string member) => path + member;

    /// <summary>The known member name at the reader's position, with its index, or null.</summary>
    public string? Match(ref Utf8JsonReader json, out int index)
    {
        for (index = 0; index < names.Length; index++)
        {
            if (json.ValueTextEquals(names[index]))
                return names[index];
        }

        return null;
    }
}
