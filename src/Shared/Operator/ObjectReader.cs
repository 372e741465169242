using System.Text.Json;

namespace Tunnel.Shared.Operator;

/// <summary>
/// Reads an object that an operator wrote, strictly, from a table of its members: every wrong type, every unknown member (with the name
/// that was probably meant), every one that is given twice or is missing is a fault with its place. A member that is null counts as one
/// that is not there.
/// </summary>
/// <remarks>Not a serializer's work, which stops at the first fault. What an adversary sends is read by <c>MessageReader</c>.</remarks>
/// <typeparam name="T">What is made of it.</typeparam>
public sealed class ObjectReader<T>
{
    private readonly string _example;
    private readonly ObjectMember<T>[] _members;

    /// <summary>A reader of such objects; at most 64 members.</summary>
    /// <param name="example">What such an object looks like, for the operator.</param>
    /// <param name="members">Those that it may have.</param>
    public ObjectReader(string example, params ObjectMember<T>[] members)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(members.Length, 64);
        (_example, _members) = (example, members);
        Names = [.. members.Select(member => member.Name)];
    }

    /// <summary>What stands there instead of an object is not shown, since it may hold a secret.</summary>
    public bool HidesValue { get; init; }

    /// <summary>Members that are known and not taken, with what is said of them.</summary>
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();

    /// <summary>The names of the members.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Reads an object.</summary>
    /// <param name="value">What was written.</param>
    /// <param name="start">What it is without any member.</param>
    /// <param name="read">What was made of it; <paramref name="start"/> when it is no object.</param>
    /// <param name="isStrict">False: members that are not known are passed over.</param>
    /// <returns>Whether it is an object at all.</returns>
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
            // By the known name and not by the member's own, which is the writer's and may be anything.
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
                place.Refuse("is given twice");
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
                value.Faults.Add(
                    $"{value.Path}.{_members[index].Name}", "(missing)", needed.Length > 0 ? needed : $"is needed, as in {_example}");
        }
    }

    private void AddUnknown(JsonProperty member, WrittenValue value)
    {
        // The value is not shown: a misspelt "secret" is a secret still.
        const string what = "(unknown member)";
        if (value.Faults.IsFull)
            value.Faults.Add(value.Path, what, "");
        else if (Refused.TryGetValue(member.Name, out var refusal))
            value.Faults.Add($"{value.Path}.{member.Name}", what, refusal);
        else
        {
            // A longer name is near to none that is known, and its distance is dear.
            var nearest = member.Name.Length > JsonPlace.MaxName ? null : SettingName.Nearest(member.Name, Names);
            value.Faults.Add(
                JsonPlace.Member(value.Path, member.Name),
                what,
                nearest is null ? $"is not known; valid are {string.Join(", ", Names)}" : $"is not known; did you mean \"{nearest}\"?");
        }
    }
}

/// <summary>A member that an object may have.</summary>
/// <typeparam name="T">What is made of the object.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Read">Takes its value, which is not null, over into what was read so far.</param>
/// <param name="Needed">What is said when it is missing, empty for the usual words; null: it may be missing.</param>
public sealed record ObjectMember<T>(string Name, Func<T, WrittenValue, T> Read, string? Needed = null);
