using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>One member of a setting that is an object, such as <c>weight</c> of a target.</summary>
/// <typeparam name="T">The type of the object.</typeparam>
internal abstract record ObjectSetting<T>(string Name)
{
    /// <summary>The member's effect, with its default. Markdown, without a full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>The message when it is missing; null: it may be missing.</summary>
    public string? Needed { get; init; }

    public abstract SettingSchema Schema { get; }

    public abstract T Read(T read, WrittenValue value);

    public abstract void Check(T value, string path, bool udp, FaultList faults);

    public abstract JsonNode? FromOption(string word, PortKinds kind);
}

/// <inheritdoc/>
/// <typeparam name="T">The type of the object.</typeparam>
/// <typeparam name="TValue">The type of the member's value; it includes null.</typeparam>
internal sealed record ObjectSetting<T, TValue>(
    string Name, SettingForm<TValue> Form, Func<T, TValue?> Get, Func<T, TValue?, T> Set) : ObjectSetting<T>(Name)
{
    public override SettingSchema Schema => Form.Schema;

    public override T Read(T read, WrittenValue value) => Set(read, Form.Read(value));

    public override void Check(T value, string path, bool udp, FaultList faults)
    {
        if (Get(value) is { } given)
            Form.Check(given, $"{path}.{Name}", udp, faults);
    }

    public override JsonNode? FromOption(string word, PortKinds kind) => Form.FromOption([word], kind);
}

/// <summary>A setting that is an object: its members, a row each.</summary>
/// <typeparam name="T">The type of the object.</typeparam>
/// <param name="example">An example, for the operator.</param>
/// <param name="start">The object without members.</param>
/// <param name="members">The members.</param>
internal sealed class ObjectForm<T>(string example, T start, params ObjectSetting<T>[] members)
    where T : class
{
    private readonly ObjectReader<T> _reader =
        new(example, [.. members.Select(member => new ObjectMember<T>(member.Name, member.Read, member.Needed))]);

    /// <summary>Adds the faults that members have together.</summary>
    public Action<T, string, bool, FaultList> CheckWhole { get; init; } = static (_, _, _, _) => { };

    public IReadOnlyList<ObjectSetting<T>> Members => members;

    public SettingSchema Schema { get; } =
        new(SettingType.Object) { Members = [.. members.Select(member => (member.Name, member.Schema, member.Summary))] };

    /// <summary>The setting whose value is one such object; an option gives it as <c>NAME=VALUE,NAME=VALUE</c> or as JSON.</summary>
    public SettingForm<T?> One() => new(
        "NAME=VALUE,…", Read, (value, path, udp, faults) => Check(value!, path, udp, faults),
        (words, kind) => FromWord(words[^1], [], kind), Schema);

    public T? Read(WrittenValue value) => _reader.TryRead(value, start, out var read) ? read : null;

    public void Check(T value, string path, bool udp, FaultList faults)
    {
        foreach (var member in members)
            member.Check(value, path, udp, faults);
        CheckWhole(value, path, udp, faults);
    }

    /// <summary>Adds the members of an option's word to an object; a word in braces is JSON.</summary>
    public JsonNode? FromWord(string word, JsonObject result, PortKinds kind)
    {
        if (word.StartsWith('{'))
            return FromJson(word);
        foreach (var part in word.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (part, "true") : (part[..equals], part[(equals + 1)..]);
            result[name] = members.FirstOrDefault(member => member.Name == name)?.FromOption(value, kind) ?? value;
        }

        return result;
    }

    private static JsonNode? FromJson(string word)
    {
        try
        {
            return JsonNode.Parse(word);
        }
        catch (JsonException)
        {
            // The hub reports it as it was written.
            return word;
        }
    }
}
