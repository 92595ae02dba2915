using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Control.Architecture.Tests;

/// <summary>What of Orleans' namespaces an assembly defines for others, or uses of others.</summary>
internal static class AssemblySurface
{
    /// <summary>The public types in Orleans' namespaces, each with its public and protected members.</summary>
    public static Dictionary<string, HashSet<string>> Defined(string path) => Read(path, reader =>
    {
        var types = new Dictionary<string, HashSet<string>>();
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            var name = SignatureText.Instance.GetTypeFromDefinition(reader, handle, 0);
            if (IsVisible(type) && IsOrleans(name)) types[name] = [.. Members(reader, type)];
        }

        return types;
    });

    /// <summary>The types and members in Orleans' namespaces that the assembly refers to, as "type" and "type::member".</summary>
    public static SortedSet<string> Used(string path) => Read(path, reader =>
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var handle in reader.TypeReferences)
        {
            var name = SignatureText.Instance.GetTypeFromReference(reader, handle, 0);
            if (IsOrleans(name)) used.Add(name);
        }

        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            var owner = SignatureText.Instance.Of(reader, member.Parent);
            if (IsOrleans(owner)) used.Add($"{owner}::{Spell(reader, member)}");
        }

        return used;
    });

    private static T Read<T>(string path, Func<MetadataReader, T> read)
    {
        using var file = new PEReader(File.OpenRead(path));
        return read(file.GetMetadataReader());
    }

    private static bool IsOrleans(string name) => name.StartsWith("Orleans.", StringComparison.Ordinal);

    private static bool IsVisible(TypeDefinition type) =>
        (type.Attributes & TypeAttributes.VisibilityMask) is TypeAttributes.Public or TypeAttributes.NestedPublic;

    private static string Spell(MetadataReader reader, MemberReference member)
    {
        var name = reader.GetString(member.Name);
        return member.GetKind() == MemberReferenceKind.Field
            ? $"{name} : {member.DecodeFieldSignature(SignatureText.Instance, null)}"
            : SignatureText.Method(name, member.DecodeMethodSignature(SignatureText.Instance, null));
    }

    private static IEnumerable<string> Members(MetadataReader reader, TypeDefinition type)
    {
        foreach (var handle in type.GetMethods())
        {
            var method = reader.GetMethodDefinition(handle);
            if ((method.Attributes & MethodAttributes.MemberAccessMask) is not (MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem)) continue;
            yield return SignatureText.Method(reader.GetString(method.Name), method.DecodeSignature(SignatureText.Instance, null));
        }

        foreach (var handle in type.GetFields())
        {
            var field = reader.GetFieldDefinition(handle);
            if ((field.Attributes & FieldAttributes.FieldAccessMask) is not (FieldAttributes.Public or FieldAttributes.Family)) continue;
            var constant = field.GetDefaultValue();
            var value = constant.IsNil ? "" : " = " + Convert.ToHexString(reader.GetBlobBytes(reader.GetConstant(constant).Value));
            yield return $"{reader.GetString(field.Name)} : {field.DecodeSignature(SignatureText.Instance, null)}{value}";
        }
    }
}
