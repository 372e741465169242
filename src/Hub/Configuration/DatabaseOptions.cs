using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Tunnel.Hub.Configuration;

/// <summary>A PostgreSQL database.</summary>
/// <param name="ConnectionString">
/// Npgsql's connection string, such as <c>Host=db.example.com;Database=tunnel;Username=tunnel;Password=…</c>.
/// </param>
public sealed record DatabaseOptions(string ConnectionString)
{
    internal const string Valid =
        "must be a connection string such as Host=db.example.com;Database=tunnel;Username=tunnel;Password=...;SSL Mode=VerifyFull "
            + "(https://www.npgsql.org/doc/connection-string-parameters.html)";

    /// <summary>Returns a text without the connection string, since that may have a password.</summary>
    public override string ToString() => nameof(DatabaseOptions);

    /// <summary>Returns what is wrong; null: nothing.</summary>
    internal string? FindFault() =>
        !TryParse(out var settings) ? Valid
        : string.IsNullOrEmpty(settings.Host) ? $"names no Host; it {Valid}"
        : null;

    private bool TryParse([NotNullWhen(true)] out NpgsqlConnectionStringBuilder? settings)
    {
        try
        {
            settings = new NpgsqlConnectionStringBuilder(ConnectionString);
            return true;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            settings = null;
            return false;
        }
    }
}
