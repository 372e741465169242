using System.Text.Json;

namespace Tunnel.Shared.Operator;

/// <summary>
/// Reads an object that an operator wrote, strictly and from a table of its members. Every wrong type, every unknown member (with the name
/// that was probably meant) and every member that is missing or given twice is a fault with its place. A member that is null counts as
/// missing.
/// </summary>
/// <remarks>A serializer won't do, since it stops at the first fault. What an adversary sends is read by <c>MessageReader</c>.</remarks>
/// <typeparam name="T">The type that the object is read into.</typeparam>
public sealed class ObjectReader<T>
{
    private readonly string _example;
    private readonly ObjectMember<T>[] _members;

    /// <summary>Creates a reader for objects of at most 64 members.</summary>
    /// <param name="example">An example of such an object, for the operator.</param>
    /// <param name="members">The members that the object may have.</param>
    public ObjectReader(string example, params ObjectMember<T>[] members)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(members.Length, 64);
        (_example, _members) = (example, members);
        Names = [.. members.Select(member => member.Name)];
    }

    /// <summary>Whether a value that is not an object is left out of the fault, since it may hold a secret.</summary>
    public bool HidesValue { get; init; }

    /// <summary>Members that are known but not allowed, with the message for each.</summary>
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();

    /// <summary>The names of the members.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Reads an object, and adds a fault for whatever is wrong.</summary>
    /// <param name="value">The value that was written.</param>
    /// <param name="start">The result for an object without members.</param>
    /// <param name="read">The result; <paramref name="start"/> when the value is not an object.</param>
    /// <param name="isStrict">Whether unknown members are faults; if false, they are skipped.</param>
    /// <returns>Whether the value is an object.</returns>
    public bool TryRead(WrittenValue value, T start, out T read, bool isStrict = true)
    {
        read = start;
        if (value.Json.ValueKind != JsonValueKind.Object)
        {
            value.Faults.Add(
                value.Path, HidesValue ? value.Json.ValueKind.ToString() : value.Json.GetRawText(), $"must be an object: {_example}");
            return false;
        }

        var (seen, present) = (0UL, 0UL);
        foreach (var member in value.Json.EnumerateObject())
        {
            // Compare with the known name, because the member's own is chosen by the writer and may be anything.
            var index = Array.FindIndex(_members, known => member.NameEquals(known.Name));
            if (index < 0)
            {
                if (isStrict)
                    AddUnknown(member, value);
                continue;
            }

            var bit = 1UL << index;
            var place = new WrittenValue(member.Value, $"{value.Path}.{_members[index].Name}", value.Faults);
            if ((seen & bit) != 0)
            {
                place.Refuse("is given twice");
            }
            else if (member.Value.ValueKind != JsonValueKind.Null)
            {
                present |= bit;
                read = _members[index].Read(read, place);
            }

            seen |= bit;
        }

        AddMissing(value, present);
        return true;
    }

    private void AddMissing(WrittenValue value, ulong present)
    {
        for (var index = 0; index < _members.Length; index++)
        {
            if (_members[index].Needed is { } needed && (present & (1UL << index)) == 0)
            {
                value.Faults.Add(
                    $"{value.Path}.{_members[index].Name}", "(missing)", needed.Length > 0 ? needed : $"is needed, as in {_example}");
            }
        }
    }

    private void AddUnknown(JsonProperty member, WrittenValue value)
    {
        // The value is not shown, because a misspelt "secret" is still a secret.
        const string what = "(unknown member)";
        if (value.Faults.IsFull)
        {
            value.Faults.Add(value.Path, what, "");
        }
        else if (Refused.TryGetValue(member.Name, out var refusal))
        {
            value.Faults.Add($"{value.Path}.{member.Name}", what, refusal);
        }
        else
        {
            // A longer name is not close to any known one, and computing its distance is expensive.
            var nearest = member.Name.Length > JsonPlace.MaxName ? null : SettingName.Nearest(member.Name, Names);
            value.Faults.Add(
                JsonPlace.Member(value.Path, member.Name),
                what,
                nearest is null ? $"is not known; valid are {string.Join(", ", Names)}" : $"is not known; did you mean \"{nearest}\"?");
        }
    }
}

/// <summary>A member that an object may have.</summary>
/// <typeparam name="T">The type that the object is read into.</typeparam>
/// <param name="Name">The member's name.</param>
/// <param name="Read">Adds its value, which is not null, to what was read so far.</param>
/// <param name="Needed">The message when it is missing, empty for the usual one; null when it may be missing.</param>
public sealed record ObjectMember<T>(string Name, Func<T, WrittenValue, T> Read, string? Needed = null);
