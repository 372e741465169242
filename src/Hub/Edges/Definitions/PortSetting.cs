using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>One setting of a port: a row of <see cref="PortSettings"/>, from which everything but its enforcement is derived.</summary>
internal abstract record PortSetting(string Name)
{
    /// <summary>The kinds of ports that have the setting.</summary>
    public PortKinds For { get; init; } = PortKinds.Both;

    /// <summary>The value in force when nothing is written, in words.</summary>
    public required string Default { get; init; }

    /// <summary>
    /// The setting's effect: for the documentation, the description of the API, and the help of commands. Markdown, without a full stop.
    /// </summary>
    public required string Summary { get; init; }

    /// <summary>The advice when the setting has no effect on a port.</summary>
    public string Instead { get; init; } = "remove it here";

    /// <summary>Whether the edge is told the setting, under the same name (<c>EdgePortSettings</c>).</summary>
    public bool OnWire { get; init; }

    /// <summary>
    /// Whether the check is skipped in a stored set, because earlier versions had no such check (<see cref="EdgeSetFaults.Stricter"/>).
    /// </summary>
    public bool IsStricter { get; init; }

    /// <summary>The option of <c>port add</c> and <c>port set</c>; null: derived from the name.</summary>
    public string? Option { get; init; }

    /// <summary>The form of its value in the API.</summary>
    public abstract SettingSchema Schema { get; }

    /// <summary>The placeholder for its value in the help.</summary>
    public abstract string HelpName { get; }

    /// <summary>Puts a value into a policy, or adds a fault.</summary>
    public abstract PortPolicyDefinition Read(PortPolicyDefinition policy, WrittenValue value);

    /// <summary>
    /// Returns the value of an option as JSON; an invalid value is passed on for the hub to report. Null: the option does not set this.
    /// </summary>
    /// <param name="words">The words that were given, at least one.</param>
    /// <param name="kind">The ports that it is for; both for the default entry.</param>
    public abstract JsonNode? FromOption(IReadOnlyList<string> words, PortKinds kind);

    /// <summary>The option's name, such as <c>--max-connections</c>.</summary>
    public string OptionName => Option ?? $"--{SettingName.ToOption(Name)}";

    /// <summary>Whether a policy sets it.</summary>
    public abstract bool IsIn(PortPolicyDefinition policy);

    /// <summary>Adds the faults of its value.</summary>
    public abstract void Check(PortPolicyDefinition policy, string path, bool udp, FaultList faults);

    /// <summary>
    /// Puts the value of the port's own entry, else that of the default entry, into a resolved policy; without either, keeps it.
    /// </summary>
    public abstract PortPolicy Resolve(PortPolicy resolved, PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp);

    /// <summary>Whether a port of this protocol has the setting.</summary>
    public bool IsFor(bool udp) => For is PortKinds.Both || (For is PortKinds.Udp) == udp;
}

/// <summary>The kinds of ports that have a setting.</summary>
internal enum PortKinds
{
    Both,
    Tcp,
    Udp,
}

/// <summary>The type of a value in JSON.</summary>
internal enum SettingType
{
    Text,
    Number,
    Switch,
    List,
    Object,
}

/// <summary>The form of a value, for the description of the API.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Least">The lowest number.</param>
/// <param name="Most">The highest number, or the largest number of characters of a text or items of a list.</param>
/// <param name="Words">The allowed words; null: any text.</param>
internal sealed record SettingSchema(SettingType Type, long? Least = null, long? Most = null, IReadOnlyList<string>? Words = null)
{
    /// <summary>The form of a list's items; null: texts.</summary>
    public SettingSchema? Item { get; init; }

    /// <summary>Whether an object may be written as a text too.</summary>
    public bool OrText { get; init; }

    /// <summary>The members of an object, each with its form and what it does.</summary>
    public IReadOnlyList<(string Name, SettingSchema Schema, string Summary)> Members { get; init; } = [];
}

/// <inheritdoc/>
/// <typeparam name="T">The type of the value; it includes null.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Form">How the value is written.</param>
/// <param name="Get">Returns its value in a policy.</param>
/// <param name="Set">Returns a policy with another value.</param>
/// <param name="Enforce">Returns the resolved policy with a value that is not null.</param>
internal sealed record PortSetting<T>(
    string Name,
    SettingForm<T> Form,
    Func<PortPolicyDefinition, T?> Get,
    Func<PortPolicyDefinition, T?, PortPolicyDefinition> Set,
    Func<PortPolicy, T, bool, PortPolicy> Enforce)
    : PortSetting(Name)
{
    public override SettingSchema Schema => Form.Schema;

    public override string HelpName => Form.HelpName;

    public override PortPolicyDefinition Read(PortPolicyDefinition policy, WrittenValue value) => Set(policy, Form.Read(value));

    public override JsonNode? FromOption(IReadOnlyList<string> words, PortKinds kind) => Form.FromOption(words, kind);

    public override bool IsIn(PortPolicyDefinition policy) => Get(policy) is not null;

    public override void Check(PortPolicyDefinition policy, string path, bool udp, FaultList faults)
    {
        if (Get(policy) is { } value)
            Form.Check(value, $"{path}.{Name}", udp, faults);
    }

    public override PortPolicy Resolve(PortPolicy resolved, PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp)
    {
        var value = Get(own) is { } said ? said : fallback is null ? default : Get(fallback);
        return value is not null && IsFor(udp) ? Enforce(resolved, value, udp) : resolved;
    }
}
