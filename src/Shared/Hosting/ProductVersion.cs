using System.Reflection;

namespace Tunnel.Shared.Hosting;

/// <summary>The version of the product, which is written in <c>Directory.Build.props</c> and nowhere else.</summary>
public static class ProductVersion
{
    /// <summary>The version with the commit that it was built from, as <c>--version</c> prints it: <c>0.1.0+66fe440…</c>.</summary>
    public static string WithCommit { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The version alone, such as <c>0.1.0</c>, as hubs and edges tell it to each other.</summary>
    public static string Number { get; } = WithCommit.Split('+')[0];
}
